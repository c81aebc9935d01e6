#include "address.h"

#include "core/mail/domain.h"

/* What belongs to one of the two facts. */
struct side {
    uint32_t fact;
    struct text verb; /* that the engine writes before a bare argument */
    struct keep *line;
    struct keep *first;  /* the server's own parse */
    struct keep *second; /* its second spelling */
    struct keep *whole;  /* the address with our name as its domain */
    unsigned shift;      /* its bits in `noted` */
    struct text *fact_line;
    struct mailbox *fact_address;
    struct mailbox *fact_second;
};

static struct side side_of(struct gp_session *s, uint32_t fact)
{
    if (fact == GP_FACT_MAIL)
        return (struct side){.fact = fact,
                             .verb = TEXT("MAIL FROM:"),
                             .line = &s->kept[KEPT_MAIL],
                             .first = &s->kept[KEPT_MAIL_PARSED],
                             .second = &s->kept[KEPT_MAIL_SECOND],
                             .whole = &s->kept[KEPT_MAIL_WHOLE],
                             .fact_line = &s->facts.mail_line,
                             .fact_address = &s->facts.sender,
                             .fact_second = &s->facts.second_sender};
    return (struct side){.fact = fact,
                         .verb = TEXT("RCPT TO:"),
                         .line = &s->kept[KEPT_RCPT],
                         .first = &s->kept[KEPT_RCPT_PARSED],
                         .second = &s->kept[KEPT_RCPT_SECOND],
                         .whole = &s->kept[KEPT_RCPT_WHOLE],
                         .shift = NOTED_RCPT_SHIFT,
                         .fact_line = &s->facts.rcpt_line,
                         .fact_address = &s->facts.recipient,
                         .fact_second = &s->facts.second_recipient};
}

/* Returns the index of the first byte of T that is C and not quoted; T.n if there is none. */
static size_t find_unquoted(struct text t, char c)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < t.n && (quoted || t.p[i] != c); i++) {
        if (t.p[i] == '\\' && i + 1 < t.n)
            i++;
        else if (t.p[i] == '"')
            quoted = !quoted;
    }
    return quoted ? text_find(t, 0, c) : i < t.n ? i : t.n;
}

/* Keeps the command line, built around a bare argument. */
static bool keep_line(const struct side *side, struct text text, uint32_t flags)
{
    text = text_trim(text);
    if (!(flags & GP_ARGUMENT))
        return keep_set(side->line, text);
    /* A name or a comment may come before the bracket. */
    const bool bracketed = find_unquoted(text, '<') < text.n;
    const size_t end = bracketed ? text.n : find_unquoted(text, ' ');
    const struct text pieces[] = {side->verb, bracketed ? TEXT("") : TEXT("<"), text_of(text.p, end),
                                  bracketed ? TEXT("") : TEXT(">"), text_skip(text, end)};
    return keep_join(side->line, pieces, sizeof pieces / sizeof *pieces);
}

/* The domain of an address without one: the name of our end, or else the first whole name of own-names. */
static struct text local_name(const struct gp_session *s)
{
    const struct span names = s->settings->own_names;
    if (s->facts.local_name.n)
        return domain_trim(s->facts.local_name);
    for (uint32_t i = 0; s->rules && i < names.n; i++) {
        const struct span *name = block_element(s->rules, names, i, sizeof *name);
        struct text t = name ? block_text(s->rules, *name) : TEXT("");
        if (t.n && t.p[0] != '.')
            return t;
    }
    return TEXT("");
}

/* An address without a domain gets our name. Returns false when out of memory. */
static bool complete(const struct gp_session *s, struct keep *whole, struct mailbox *m)
{
    const struct text name = local_name(s);
    if (m->domain.n || !m->local.n || !name.n)
        return true;
    const struct text pieces[] = {m->local, TEXT("@"), name};
    if (!keep_join(whole, pieces, sizeof pieces / sizeof *pieces))
        return false;
    m->address = keep_text(whole);
    m->local = text_of(m->address.p, m->local.n);
    m->domain = text_skip(m->address, m->local.n + 1);
    return true;
}

/* A server may write the local part with or without its quotes, but no domain has an '@'. */
static struct mailbox split(struct text address)
{
    size_t at = address.n;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    if (at == 0)
        return (struct mailbox){.address = address, .local = address, .null_sender = address.n == 0};
    return (struct mailbox){
        .address = address, .local = text_of(address.p, at - 1), .domain = domain_trim(text_skip(address, at))};
}

void address_parsed(struct gp_session *s, uint32_t fact, struct text address, uint32_t flags)
{
    const struct side side = side_of(s, fact);
    const bool second = (flags & GP_SECOND) != 0;
    address = text_trim(address);
    if (!address.n && (second || fact == GP_FACT_RCPT)) /* that is not an address */
        return;
    uint32_t note = second ? NOTED_SECOND : NOTED_FIRST;
    if (!keep_set(second ? side.second : side.first, address))
        note = NOTED_LOST;
    s->noted |= note << side.shift;
}

/* Reads the address from the command line. If the line was cut, the missing rest may belong to the address,
 * unless its bracket was closed before. */
static void read_line(struct gp_session *s, const struct side *side)
{
    struct mailbox *m = side->fact_address;
    bool found = mailbox_from_command(*side->fact_line, m);
    /* The room is free here: it is needed only for a parse of the server's. */
    if (found && m->cfws && keep_set(side->first, m->address))
        found = mailbox_clean(m, keep_room(side->first));
    else if (found && m->cfws)
        session_lose(s, side->fact, side->first);
    if (!found)
        *m = (struct mailbox){.null_sender = false};
    if ((s->facts.cut & side->fact) && !side->fact_address->closed)
        s->facts.unknown |= side->fact;
}

void address_take(struct gp_session *s, uint32_t fact, struct text text, uint32_t flags)
{
    const struct side side = side_of(s, fact);
    const uint32_t noted = s->noted >> side.shift & NOTED_ALL;
    s->noted &= ~((uint32_t)NOTED_ALL << side.shift);
    s->facts.unknown &= ~fact;
    s->facts.cut &= ~fact;
    if (!keep_line(&side, text, flags))
        session_lose(s, fact, side.line);
    *side.fact_line = keep_text(side.line);
    if ((flags & GP_CUT) || side.line->cut)
        s->facts.cut |= fact;
    *side.fact_second = (struct mailbox){.null_sender = false};
    if (noted & NOTED_FIRST)
        *side.fact_address = split(keep_text(side.first));
    else
        read_line(s, &side);
    if (noted & NOTED_SECOND)
        *side.fact_second = split(keep_text(side.second));
    if ((noted & NOTED_LOST) || !complete(s, side.whole, side.fact_address))
        session_lose(s, fact, side.whole);
}

bool address_keep_plain(const struct mailbox *m, struct keep *k)
{
    char room[256];
    const struct text pieces[] = {mailbox_plain(m, room, sizeof room), TEXT("@"), m->domain};
    return keep_join(k, pieces, m->domain.n ? 3 : 1);
}

void address_forget(struct gp_session *s)
{
    const struct mailbox none = {.null_sender = false};
    s->facts.sender = s->facts.second_sender = none;
    s->facts.recipient = s->facts.second_recipient = none;
}
