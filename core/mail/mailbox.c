#include "mailbox.h"

#include "domain.h"

/*
 * Index behind the item at I: a quoted pair, a whole quoted string, or one byte. A quote that is never closed
 * stands for itself; no other quote can follow it, so that reading a whole text item by item stays linear.
 */
static size_t quoted_end(struct text t, size_t i)
{
    if (t.p[i] == '\\')
        return i + 2 < t.n ? i + 2 : t.n;
    for (size_t end = i + 1; end < t.n; end++) {
        if (t.p[end] == '\\')
            end++;
        else if (t.p[end] == '"')
            return end + 1;
    }
    return i + 1;
}

/* Returns the index after the comment that opens at I; SIZE_MAX if it is not closed. Nesting is counted (RFC
 * 5322 section 3.2.2). */
static size_t comment_end(struct text t, size_t i)
{
    size_t depth = 0;
    for (; i < t.n; i++) {
        if (t.p[i] == '\\')
            i++;
        else if (t.p[i] == '(')
            depth++;
        else if (t.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return SIZE_MAX;
}

/* A walk over a text item by item. A parenthesis that is never closed is an ordinary character, and so are
 * all after it: none is searched for its end twice, and the walk stays linear. */
struct walk {
    struct text t;
    bool no_comments;
};

static bool at_comment(struct walk *w, size_t i, size_t *end)
{
    if (w->t.p[i] != '(' || w->no_comments)
        return false;
    *end = comment_end(w->t, i);
    w->no_comments = *end == SIZE_MAX;
    return !w->no_comments;
}

static size_t next_item(struct walk *w, size_t i)
{
    size_t end;
    if (w->t.p[i] == '\\' || w->t.p[i] == '"')
        return quoted_end(w->t, i);
    return at_comment(w, i, &end) ? end : i + 1;
}

/* Returns the index of the first byte at or after I that is neither in a comment nor white space. */
static size_t skip_cfws(struct walk *w, size_t i)
{
    size_t end;
    while (i < w->t.n) {
        if (is_space((unsigned char)w->t.p[i]))
            i++;
        else if (at_comment(w, i, &end))
            i = end;
        else
            break;
    }
    return i;
}

/*
 * Returns the index of the '<' that opens the address; t.n if it has none. Servers also accept "RCPT TO: Sugar
 * <sugar@example.com>" and "(hello) <a@b>", and a client must not get past a trap that way. A '<' in a
 * parameter ("AUTH=<>") does not open an address.
 */
static size_t opening_bracket(struct text t)
{
    struct walk w = {.t = t};
    bool first_word = true, parameter = false;
    for (size_t i = 0; i < t.n; i = next_item(&w, i)) {
        if (t.p[i] == '<' && !parameter)
            return i;
        if (is_space((unsigned char)t.p[i]))
            first_word = parameter = false;
        else if (t.p[i] == '=' && !first_word)
            parameter = true;
    }
    return t.n;
}

/* Returns the index of the '>' that closes the address. If it is missing, returns the index of the blank
 * before the parameters, one of which may have brackets of its own. */
static size_t closing_bracket(struct text t)
{
    struct walk w = {.t = t};
    size_t blank = t.n, i = 0;
    for (; i < t.n && t.p[i] != '<'; i = next_item(&w, i)) {
        if (t.p[i] == '>')
            return i;
        if (blank == t.n && is_space((unsigned char)t.p[i]))
            blank = i;
    }
    return blank < i ? blank : i;
}

/* Returns the index of the blank that ends a bare address; a stray '>' ends it too. Blanks around the '@' do
 * not end it. */
static size_t bare_end(struct text t)
{
    struct walk w = {.t = t};
    size_t i = 0, last = 0; /* LAST: of the latest byte that is not white space */
    while (i < t.n && t.p[i] != '>') {
        if (is_space((unsigned char)t.p[i])) {
            const size_t next = skip_cfws(&w, i);
            if (next == t.n || (t.p[next] != '@' && t.p[last] != '@'))
                return i;
            i = next;
            continue;
        }
        last = i;
        i = next_item(&w, i);
    }
    return i;
}

/* Removes "@one,@two:" at the front (RFC 5321 appendix C: to be ignored). A colon inside an address literal
 * does not end it. */
static struct text without_route(struct text t)
{
    struct walk w = {.t = t};
    bool literal = false;
    if (t.n == 0 || t.p[0] != '@')
        return t;
    for (size_t i = 0; i < t.n; i = next_item(&w, i)) {
        if (t.p[i] == '[')
            literal = true;
        else if (t.p[i] == ']')
            literal = false;
        else if (t.p[i] == ':' && !literal)
            return text_trim(text_skip(t, i + 1));
    }
    return t;
}

/* Whether T has comments or white space outside quotes. */
static bool has_cfws(struct text t)
{
    struct walk w = {.t = t};
    size_t end;
    for (size_t i = 0; i < t.n; i = next_item(&w, i))
        if (is_space((unsigned char)t.p[i]) || at_comment(&w, i, &end))
            return true;
    return false;
}

/* Splits M->address, which may begin with a route. */
static bool split_address(struct mailbox *m)
{
    struct text t = without_route(m->address);
    struct walk w = {.t = t};
    size_t at = t.n;
    m->address = t;
    for (size_t i = 0; i < t.n; i = next_item(&w, i))
        if (t.p[i] == '@')
            at = i;
    m->local = text_of(t.p, at);
    m->domain = domain_trim(text_skip(t, at + 1));
    return t.n > 0;
}

/* Reads "<local@domain>" made of nothing that needs interpretation, as most addresses are, in one pass. Returns
 * false for any other text. */
static bool parse_plain(struct text t, struct mailbox *out)
{
    size_t i = 1, at = 0;
    if (t.n == 0 || t.p[0] != '<')
        return false;
    for (; i < t.n && t.p[i] != '>'; i++) {
        const unsigned char c = (unsigned char)t.p[i];
        if (c == '@' && at == 0 && i > 1)
            at = i;
        else if (!is_alnum(c) && c != '.' && c != '-' && c != '_' && c != '+' && c != '=')
            return false;
    }
    if (i == t.n || i == 1)
        return false;
    *out = (struct mailbox){
        .address = text_of(t.p + 1, i - 1), .local = text_of(t.p + 1, (at ? at : i) - 1), .closed = true};
    if (at)
        out->domain = domain_trim(text_of(t.p + at + 1, i - at - 1));
    return true;
}

bool mailbox_parse(struct text argument, struct mailbox *out)
{
    struct text t = text_trim(argument);
    if (parse_plain(t, out))
        return true;
    *out = (struct mailbox){.null_sender = false};
    size_t open = opening_bracket(t);
    if (open < t.n) {
        t = text_skip(t, open + 1);
        while (t.n && (is_space((unsigned char)t.p[0]) || t.p[0] == '<')) /* "< a@b>", "<<a@b>>" */
            t = text_skip(t, 1);
        size_t close = closing_bracket(t);
        out->closed = close < t.n && t.p[close] == '>';
        out->null_sender = close == 0 && out->closed;
        t = text_trim(text_of(t.p, close));
    } else {
        struct walk w = {.t = t};
        t = text_skip(t, skip_cfws(&w, 0));
        t.n = bare_end(t);
    }
    out->address = t;
    out->cfws = has_cfws(t);
    if (!split_address(out))
        *out = (struct mailbox){.null_sender = out->null_sender, .closed = out->closed};
    else
        out->routed = out->address.p != t.p;
    return out->address.n || out->null_sender;
}

static bool parts_atoms(char c)
{
    return c == '@' || c == '.' || c == ':' || c == ',';
}

/* A blank between two words stays, so that they remain two words. White space around '@' and '.' is removed,
 * and a comment is removed with the blanks around it. */
static size_t without_cfws(struct text t, char *room)
{
    struct walk w = {.t = t};
    bool literal = false;
    size_t n = 0, end;
    for (size_t i = 0; i < t.n; i = end) {
        const size_t next = skip_cfws(&w, i);
        if (next > i) {
            const bool blanks_only = !memchr(t.p + i, '(', next - i);
            if (blanks_only && !literal && n && next < t.n && !parts_atoms(room[n - 1]) &&
                !parts_atoms(t.p[next]))
                room[n++] = ' ';
            end = next;
            continue;
        }
        end = next_item(&w, i);
        if (t.p[i] == '[' && n && room[n - 1] == '@')
            literal = true;
        memmove(room + n, t.p + i, end - i);
        n += end - i;
    }
    return n;
}

bool mailbox_clean(struct mailbox *m, char *room)
{
    if (!m->cfws)
        return m->address.n || m->null_sender;
    struct mailbox clean = {.address = text_of(room, without_cfws(m->address, room)), .closed = m->closed};
    const bool empty = clean.address.n == 0;
    if (!split_address(&clean))
        clean = (struct mailbox){.null_sender = empty && m->closed && !m->routed, .closed = m->closed};
    *m = clean;
    return m->address.n || m->null_sender;
}

bool mailbox_from_command(struct text line, struct mailbox *out)
{
    size_t colon = text_find(line, 0, ':');
    return mailbox_parse(text_skip(line, colon + 1), out);
}

size_t mailbox_local_plain(struct text local, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < local.n; i++) {
        if (local.p[i] == '"')
            continue;
        if (local.p[i] == '\\' && i + 1 < local.n)
            i++;
        if (n == cap)
            return cap + 1;
        out[n++] = local.p[i];
    }
    return n;
}

struct text mailbox_plain(const struct mailbox *m, char *out, size_t cap)
{
    size_t n = mailbox_local_plain(m->local, out, cap);
    return n <= cap ? text_of(out, n) : m->local;
}
