#include "received_shapes.h"

#include "core/mail/domain.h"

/*
 * Addresses and names
 */

bool received_shapes_ip(struct text t, struct ip *out)
{
    bool bracket = t.n && t.p[0] == '[';
    if (bracket) {
        size_t close = text_find(t, 0, ']');
        struct text after = text_skip(t, close + 1);
        if (close == t.n || (after.n && after.p[0] != ':'))
            return false;
        for (size_t i = 1; i < after.n; i++) /* the port */
            if (!is_digit((unsigned char)after.p[i]))
                return false;
        t = text_of(t.p + 1, close - 1);
    }
    if (t.n > 2 && t.p[0] == '(' && t.p[t.n - 1] == ')') /* MDaemon */
        t = text_of(t.p + 1, t.n - 2);
    if (text_starts_nocase(t, TEXT("IPv6:")))
        t = text_skip(t, 5);
    if (ip_parse(t, out))
        return true;
    size_t colon = text_find(t, 0, ':'); /* the port inside */
    return colon < t.n && text_find(t, colon + 1, ':') == t.n && ip_parse(text_of(t.p, colon), out);
}

/* The host name in T ("IDENT:root@mail.example.com."), or nothing if that is none. */
static struct text host_name(struct text t)
{
    struct ip ip;
    size_t user = t.n;
    while (user && t.p[user - 1] != '@')
        user--;
    t = domain_trim(text_skip(t, user));
    for (size_t i = 0; i < t.n; i++)
        if (!is_alnum((unsigned char)t.p[i]) && t.p[i] != '.' && t.p[i] != '-' && t.p[i] != '_')
            return text_of(t.p, 0);
    if (text_eq_nocase(t, TEXT("unknown")) || text_eq_nocase(t, TEXT("unverified")) ||
        text_eq_nocase(t, TEXT("softdnserr")) || ip_parse(t, &ip))
        t.n = 0;
    return t;
}

static struct text span(const struct received_tokens *t, size_t from, size_t to)
{
    if (from == to)
        return text_of(NULL, 0);
    const struct received_token *first = &t->token[from], *last = &t->token[to - 1];
    const char *start = first->text.p - first->comment, *end = last->text.p + last->text.n + last->comment;
    return text_of(start, (size_t)(end - start));
}

/* What one comment of the clause `from` says. */
struct said {
    bool has_ip, bracket, forged;
    struct ip ip;
    struct text before; /* of the address */
    bool has_helo;
    struct text helo;
    bool harmless; /* the server's own words about TLS, AUTH, the sender */
};

/* "helo=x" and "helo=x ident=y" of Exim; "HELO x" of qmail, "account y HELO x" of CommuniGate, `"HELO x" ident: "y"`.
 * The first mark counts: what follows it is the client's. *AT is where it begins. */
static bool find_helo(struct text comment, struct text *helo, size_t *at)
{
    static const struct text marks[] = {{"helo=", 5}, {"HELO ", 5}, {"EHLO ", 5}};
    *at = comment.n;
    for (size_t i = 0; i < comment.n && *at == comment.n; i++)
        for (size_t k = strchr("hHeE", comment.p[i]) && comment.p[i] ? 0 : 3; k < 3 && *at == comment.n; k++)
            if (text_starts_nocase(text_skip(comment, i), marks[k]) &&
                (!i || is_space((unsigned char)comment.p[i - 1]) || comment.p[i - 1] == '"'))
                *at = i;
    if (*at < comment.n) {
        bool quoted = *at && comment.p[*at - 1] == '"';
        struct text rest = text_skip(comment, *at + 5);
        size_t end = text_find_nocase(rest, quoted ? TEXT("\"") : TEXT(" ident="));
        *at -= quoted;
        *helo = text_trim(text_of(rest.p, quoted || comment.p[*at + 4] == '=' ? end : rest.n));
        return true;
    }
    if (text_eq_nocase(text_trim(comment), TEXT("HELO")) || text_eq_nocase(text_trim(comment), TEXT("EHLO"))) {
        *at = 0;
        *helo = text_of(comment.p + comment.n, 0);
        return true;
    }
    return false;
}

static bool is_harmless(struct text c)
{
    static const char *const starts[] = {
        "authenticated", "Client ",   "No client ",    "using ",       "TLS",           "envelope-",
        "version=",      "uid ",      "AUTH",          "SSL",          "may be forged", "verified",
        "unverified",    "Cipher ",   "SquirrelMail ", "not verified", "port ",         "Encrypted",
        "No TLS",        "proxying ", "Smtp Auth",     "unencrypted"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (c.n && fold((unsigned char)c.p[0]) == fold((unsigned char)starts[i][0]) &&
            text_starts_nocase(c, text_z(starts[i])))
            return true;
    return false;
}

/* What may follow an address in its comment. */
static bool is_after_address(struct text t, struct said *s)
{
    struct ip ip;
    t = text_trim(t);
    if (text_starts_nocase(t, TEXT("(may"))) { /* "be forged", folded anywhere */
        s->forged = true;
        return true;
    }
    if (t.n && t.p[0] == ':') { /* the port, also before more */
        size_t n = 1;
        while (n < t.n && is_digit((unsigned char)t.p[n]))
            n++;
        t = text_trim(text_skip(t, n));
    }
    return !t.n || text_eq_nocase(t, TEXT("RDNS failed")) || text_starts_nocase(t, TEXT("ident=")) ||
           text_starts_nocase(t, TEXT("ident:")) || text_starts_nocase(t, TEXT("verified")) ||
           text_starts_nocase(t, TEXT("with ")) || /* Yahoo: "user@192.0.2.1 with plain" */
           (received_shapes_ip(t, &ip) && ip_eq(&ip, &s->ip));
}

enum { COMMENT_LONGEST = 2048 /* no server writes a longer one */ };

/* Reads a comment. An address within the words of HELO is the client's, and none. Two addresses are none either. */
static struct said read_comment(struct text c)
{
    struct said s = {.harmless = is_harmless(c)};
    size_t at = c.n;
    struct text whole = c;
    if (c.n > COMMENT_LONGEST)
        return s;
    s.has_helo = find_helo(c, &s.helo, &at);
    if (s.has_helo)
        c = text_trim(text_of(c.p, at));
    if (s.has_helo && c.n && c.p[c.n - 1] == ',') /* smap */
        c.n--;
    for (size_t open = text_find(c, 0, '['); open < c.n; open = text_find(c, open + 1, '[')) {
        size_t close = text_find(c, open, ']');
        if (close == c.n || !received_shapes_ip(text_of(c.p + open, close + 1 - open), &s.ip))
            continue;
        struct text before = text_of(c.p, open);
        if (!is_after_address(text_skip(c, close + 1), &s))
            return (struct said){.harmless = s.harmless};
        s.has_ip = s.bracket = true;
        s.before = text_trim(before);
        return s;
    }
    struct text word = text_trim(c);
    size_t blank = text_find(word, 0, ' '), user = blank;
    struct text rest = text_skip(word, blank);
    word.n = blank;
    while (user && word.p[user - 1] != '@')
        user--;
    s.has_ip = received_shapes_ip(text_skip(word, user), &s.ip) && is_after_address(rest, &s);
    s.before = text_of(word.p, 0);
    s.harmless = s.harmless && whole.n;
    return s;
}

/*
 * Shapes: how the clause `from` is laid out. Each returns whether the tokens FROM to BY are of it, and sets what
 * they say.
 */

static void set_client(struct received *r, const struct ip *ip)
{
    r->client = *ip;
    r->has_client = true;
}

static void set_name(struct received *r, const struct received_shape *s, struct text shown, bool forged)
{
    struct text name = host_name(shown);
    if (!s->verified)
        return;
    r->name_state = name.n && !forged ? RECEIVED_NAME_VERIFIED : RECEIVED_NAME_NONE;
    r->name = forged ? text_of(name.p, 0) : name;
}

/* The only comment that shows an address; none if there are two, or one that the server would not write. T.to if
 * there is none. */
static size_t address_comment(struct received_shape *s, struct said *said)
{
    size_t found = s->to;
    for (size_t i = s->from; i < s->to; i++) {
        if (!s->t->token[i].comment)
            continue;
        struct said here = read_comment(s->t->token[i].text);
        bool fits = here.has_ip && (!here.harmless || found == s->to);
        if (fits && found < s->to)
            return s->to;
        if (fits) {
            found = i;
            s->after = i + 1;
            *said = here;
        } else if (found < s->to && !here.harmless) {
            return s->to;
        }
    }
    return found;
}

static bool only_comments(const struct received_shape *s, size_t from)
{
    for (size_t i = from; i < s->to; i++)
        if (!s->t->token[i].comment)
            return false;
    return true;
}

/* "HELO (NAME [ADDRESS])", RFC 5321; "HELO ([ADDRESS])", "HELO (ADDRESS)", "(NAME [ADDRESS])" without HELO. */
bool received_shapes_standard(struct received_shape *s, struct received *r)
{
    struct said said = {.has_ip = false};
    size_t at = address_comment(s, &said);
    if (at == s->to || said.has_helo || !said.bracket || !only_comments(s, at + 1))
        return false;
    r->helo = span(s->t, s->from, at);
    set_client(r, &said.ip);
    set_name(r, s, said.before, said.forged);
    return true;
}

/* "HELO (ADDRESS)", the address in brackets or not. */
bool received_shapes_bare(struct received_shape *s, struct received *r)
{
    struct said said = {.has_ip = false};
    size_t at = address_comment(s, &said);
    if (at == s->to || said.has_helo || said.before.n || !only_comments(s, at + 1) || at == s->from)
        return false;
    r->helo = span(s->t, s->from, at);
    if (text_eq_nocase(r->helo, TEXT("unknown"))) /* qmail: no name, and no other HELO */
        r->helo.n = 0;
    set_client(r, &said.ip);
    return true;
}

/* Exim: "NAME ([ADDRESS] helo=HELO)", "NAME ([ADDRESS])", "[ADDRESS] (helo=HELO)", "[ADDRESS]", and of old
 * "NAME [ADDRESS]", "(HELO) [ADDRESS]", "NAME (HELO) [ADDRESS]". */
bool received_shapes_exim(struct received_shape *s, struct received *r)
{
    struct said said = {.has_ip = false};
    struct ip ip;
    size_t n = s->to - s->from;
    const struct received_token *token = &s->t->token[s->from];
    if (!n || n > 3)
        return false;
    bool first_is_ip = !token[0].comment && received_shapes_ip(token[0].text, &ip);
    if (first_is_ip && n <= 2) {
        if (n == 2 && token[1].comment) {
            said = read_comment(token[1].text);
            if (said.has_ip) { /* "[HELO] ([ADDRESS])" is a literal that is the name */
                set_client(r, &said.ip);
                r->helo = said.has_helo ? said.helo : token[0].text;
                return true;
            }
            r->helo = said.has_helo ? said.helo : text_of(NULL, 0);
        } else if (n == 2) {
            return false;
        }
        if (!r->helo.n && !(n == 2 && said.has_helo)) /* HELO said the same as the address */
            r->helo = token[0].text;
        r->helo.n = r->helo.n && r->helo.p == token[0].text.p ? text_find(r->helo, 0, ']') + 1 : r->helo.n;
        set_client(r, &ip);
        return true;
    }
    bool last_is_ip = !token[n - 1].comment && received_shapes_ip(token[n - 1].text, &ip);
    if (last_is_ip && n > 1) {
        bool helo_shown = token[n - 2].comment;
        r->helo = token[n - 2].text;
        if (n == 3 && (!helo_shown || token[0].comment))
            return false;
        if (!token[0].comment)
            set_name(r, s, token[0].text, false);
        set_client(r, &ip);
        return true;
    }
    if (n != 2 || token[0].comment || !token[1].comment)
        return false;
    said = read_comment(token[1].text);
    if (!said.has_ip || said.before.n)
        return false;
    set_client(r, &said.ip);
    set_name(r, s, token[0].text, false);
    r->helo = said.has_helo ? said.helo : token[0].text;
    return true;
}

/* qmail: "NAME (HELO HELO) (IDENT@ADDRESS)", the address in brackets or not. NAME is not verified. */
bool received_shapes_qmail(struct received_shape *s, struct received *r)
{
    const struct received_token *token = &s->t->token[s->from];
    size_t n = s->to - s->from, helo = n;
    struct said said;
    for (size_t i = 0; i < n && helo == n; i++)
        helo = token[i].comment ? i : n;
    if (helo + 1 >= n || !token[helo + 1].comment || helo == 0)
        return false;
    said = read_comment(token[helo].text);
    struct said address = read_comment(token[helo + 1].text);
    bool named = address.before.n && address.before.p[address.before.n - 1] != '@';
    if (!said.has_helo || said.has_ip || address.has_helo || !address.has_ip || named)
        return false;
    for (size_t i = helo + 2; i < n; i++)
        if (!token[i].comment || !is_harmless(token[i].text))
            return false;
    s->after = s->from + helo + 2;
    r->authenticated =
        r->authenticated || text_find_nocase(token[helo + 1].text, TEXT(" with ")) < token[helo + 1].text.n;
    r->helo = said.helo;
    set_client(r, &address.ip);
    return true;
}

/* "NAME ([ADDRESS]:PORT "HELO HELO" ident: "x")" of sendmail's and Cisco's kin; "NAME ([ADDRESS] helo=HELO)". */
bool received_shapes_helo_inside(struct received_shape *s, struct received *r)
{
    struct said said = {.has_ip = false};
    size_t at = address_comment(s, &said);
    if (at != s->from + 1 || !said.has_helo || s->t->token[s->from].comment || !only_comments(s, at + 1))
        return false;
    r->helo = said.helo;
    set_client(r, &said.ip);
    return true;
}

/* "[ADDRESS] (HELO HELO)", "[ADDRESS]:PORT (HELO HELO)", "[ADDRESS] (account U HELO HELO)", "[ADDRESS] (helo=HELO)". */
bool received_shapes_literal(struct received_shape *s, struct received *r)
{
    const struct received_token *token = &s->t->token[s->from];
    size_t n = s->to - s->from;
    struct ip ip;
    if (n < 2 || token[0].comment || !token[1].comment || !received_shapes_ip(token[0].text, &ip))
        return false;
    struct said said = read_comment(token[1].text);
    if (!said.has_helo || (said.has_ip && !ip_eq(&said.ip, &ip)))
        return false;
    for (size_t i = 2; i < n; i++)
        if (!token[i].comment || !is_harmless(token[i].text))
            return false;
    r->authenticated = r->authenticated || text_starts_nocase(token[1].text, TEXT("account "));
    r->helo = said.helo;
    set_client(r, &ip);
    return true;
}

/* "HELO [ADDRESS]", "HELO [(ADDRESS)]". */
bool received_shapes_bracket(struct received_shape *s, struct received *r)
{
    size_t n = s->to - s->from;
    struct ip ip;
    if (n == 3 && text_eq(s->t->token[s->from + 1].text, TEXT("[")) &&
        s->t->token[s->from + 1].comment == false && s->t->token[s->from + 2].comment)
        return false;
    if (n < 2)
        return false;
    const struct received_token *last = &s->t->token[s->to - 1];
    struct text address = last->text;
    size_t helo_end = s->to - 1;
    if (!last->comment && text_eq(address, TEXT("]")) && n >= 4 && s->t->token[s->to - 2].comment &&
        text_eq(s->t->token[s->to - 3].text, TEXT("["))) { /* "[(ADDRESS)]" in tokens */
        address = s->t->token[s->to - 2].text;
        helo_end = s->to - 3;
    } else if (last->comment) {
        return false;
    }
    if (!received_shapes_ip(address, &ip))
        return false;
    r->helo = span(s->t, s->from, helo_end);
    set_client(r, &ip);
    return true;
}

/* "[ADDRESS]", "ADDRESS", "([ADDRESS])", "(NAME [ADDRESS])": no HELO is shown. */
bool received_shapes_address(struct received_shape *s, struct received *r)
{
    struct ip ip;
    if (s->to == s->from || !only_comments(s, s->from + 1))
        return false;
    const struct received_token *token = &s->t->token[s->from];
    if (token->comment) {
        struct said said = read_comment(token->text);
        if (!said.has_ip || said.has_helo)
            return false;
        set_client(r, &said.ip);
        set_name(r, s, said.before, said.forged);
        return true;
    }
    for (size_t i = s->from + 1; i < s->to; i++)
        if (!is_harmless(s->t->token[i].text))
            return false;
    if (!received_shapes_ip(token->text, &ip))
        return false;
    set_client(r, &ip);
    return true;
}

/* Smail: "HELO from [ADDRESS]". */
bool received_shapes_smail(struct received_shape *s, struct received *r)
{
    const struct received_token *token = &s->t->token[s->from];
    struct ip ip;
    if (s->to - s->from != 3 || !text_eq_nocase(token[1].text, TEXT("from")) || token[2].comment ||
        !received_shapes_ip(token[2].text, &ip))
        return false;
    r->helo = token[0].text;
    set_client(r, &ip);
    return true;
}

/* smap and Obtuse smtpd: "NAME(ADDRESS)", "NAME(ADDRESS, HELO HELO)", `NAME(ADDRESS), claiming to be "HELO"`. */
bool received_shapes_glued(struct received_shape *s, struct received *r)
{
    const struct received_token *token = &s->t->token[s->from];
    size_t n = s->to - s->from;
    if (n < 2 || token[0].comment || !token[1].comment ||
        token[1].text.p - 1 != token[0].text.p + token[0].text.n)
        return false;
    struct said said = read_comment(token[1].text);
    if (!said.has_ip)
        return false;
    set_client(r, &said.ip);
    r->helo = said.has_helo ? said.helo : token[0].text;
    for (size_t i = 2; i + 1 < n; i++)
        if (text_eq_nocase(token[i].text, TEXT("be"))) {
            struct text helo = token[i + 1].text;
            if (helo.n > 1 && helo.p[0] == '"' && helo.p[helo.n - 1] == '"')
                r->helo = text_of(helo.p + 1, helo.n - 2);
        }
    return true;
}

/* "from NAME [ADDRESS]" in a comment of its own: Sendmail, where the client said no HELO. */
bool received_shapes_comment_alone(const struct received_tokens *t, struct received *r)
{
    if (!t->count || !t->token[0].comment || !text_starts_nocase(t->token[0].text, TEXT("from ")))
        return false;
    struct said said = read_comment(text_skip(t->token[0].text, 5));
    r->form = "Sendmail without HELO";
    r->local = !said.has_ip;
    if (!said.has_ip)
        return true;
    set_client(r, &said.ip);
    struct received_shape s = {.verified = true};
    set_name(r, &s, said.before, said.forged);
    return true;
}
