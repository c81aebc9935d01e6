#include "received_forms.h"

#include "core/mail/domain.h"

/*
 * Addresses and names
 */

bool received_forms_authenticated(struct text c)
{
    static const char *const starts[] = {
        "authenticated bits=", "authenticated (",  "Authenticated sender: ", "AUTH: ", "account ",
        "authenticated user ", "authenticated as "};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (c.n && fold((unsigned char)c.p[0]) == 'a' && text_starts_nocase(c, text_z(starts[i])))
            return true;
    return text_eq_nocase(c, TEXT("authenticated"));
}

bool received_forms_address(struct text t, struct ip *out)
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
           (received_forms_address(t, &ip) && ip_eq(&ip, &s->ip));
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
        if (close == c.n || !received_forms_address(text_of(c.p + open, close + 1 - open), &s.ip))
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
    s.has_ip = received_forms_address(text_skip(word, user), &s.ip) && is_after_address(rest, &s);
    s.before = text_of(word.p, 0);
    s.harmless = s.harmless && whole.n;
    return s;
}

/*
 * Shapes: how the clause `from` is laid out. Each returns whether the tokens FROM to BY are of it, and sets what
 * they say.
 */

struct shape {
    const struct received_tokens *t;
    size_t from, to; /* the tokens of the clause */
    size_t after;    /* set by the shape: the comments from here on are the server's alone */
    bool verified;   /* the server shows verified names only */
};

static void set_client(struct received *r, const struct ip *ip)
{
    r->client = *ip;
    r->has_client = true;
}

static void set_name(struct received *r, const struct shape *s, struct text shown, bool forged)
{
    struct text name = host_name(shown);
    if (!s->verified)
        return;
    r->name_state = name.n && !forged ? RECEIVED_NAME_VERIFIED : RECEIVED_NAME_NONE;
    r->name = forged ? text_of(name.p, 0) : name;
}

/* The only comment that shows an address; none if there are two, or one that the server would not write. T.to if
 * there is none. */
static size_t address_comment(struct shape *s, struct said *said)
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

static bool only_comments(const struct shape *s, size_t from)
{
    for (size_t i = from; i < s->to; i++)
        if (!s->t->token[i].comment)
            return false;
    return true;
}

/* "HELO (NAME [ADDRESS])", RFC 5321; "HELO ([ADDRESS])", "HELO (ADDRESS)", "(NAME [ADDRESS])" without HELO. */
static bool shape_standard(struct shape *s, struct received *r)
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
static bool shape_bare(struct shape *s, struct received *r)
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
static bool shape_exim(struct shape *s, struct received *r)
{
    struct said said = {.has_ip = false};
    struct ip ip;
    size_t n = s->to - s->from;
    const struct received_token *token = &s->t->token[s->from];
    if (!n || n > 3)
        return false;
    bool first_is_ip = !token[0].comment && received_forms_address(token[0].text, &ip);
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
    bool last_is_ip = !token[n - 1].comment && received_forms_address(token[n - 1].text, &ip);
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
static bool shape_qmail(struct shape *s, struct received *r)
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
static bool shape_helo_inside(struct shape *s, struct received *r)
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
static bool shape_literal(struct shape *s, struct received *r)
{
    const struct received_token *token = &s->t->token[s->from];
    size_t n = s->to - s->from;
    struct ip ip;
    if (n < 2 || token[0].comment || !token[1].comment || !received_forms_address(token[0].text, &ip))
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
static bool shape_bracket(struct shape *s, struct received *r)
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
    if (!received_forms_address(address, &ip))
        return false;
    r->helo = span(s->t, s->from, helo_end);
    set_client(r, &ip);
    return true;
}

/* "[ADDRESS]", "ADDRESS", "([ADDRESS])", "(NAME [ADDRESS])": no HELO is shown. */
static bool shape_address(struct shape *s, struct received *r)
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
    if (!received_forms_address(token->text, &ip))
        return false;
    set_client(r, &ip);
    return true;
}

/* Smail: "HELO from [ADDRESS]". */
static bool shape_smail(struct shape *s, struct received *r)
{
    const struct received_token *token = &s->t->token[s->from];
    struct ip ip;
    if (s->to - s->from != 3 || !text_eq_nocase(token[1].text, TEXT("from")) || token[2].comment ||
        !received_forms_address(token[2].text, &ip))
        return false;
    r->helo = token[0].text;
    set_client(r, &ip);
    return true;
}

/* smap and Obtuse smtpd: "NAME(ADDRESS)", "NAME(ADDRESS, HELO HELO)", `NAME(ADDRESS), claiming to be "HELO"`. */
static bool shape_glued(struct shape *s, struct received *r)
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

/*
 * The table
 */

enum where {
    BY,       /* a comment after `by` has the mark */
    PROTOCOL, /* the words after `with` begin with it */
    HOST,     /* the server's name ends in it */
    DOTTED,   /* the name before the address ends in a dot */
    VERSION,  /* a comment after `by` is like "8.11.6/8.11.6" */
    FROM_WITH /* `via smap` and the like, before or after `by` */
};

typedef bool shape_fn(struct shape *s, struct received *r);

struct form {
    const char *name;
    enum where where;
    const char *mark;
    bool verified; /* a name before the address is verified, and one that is missing does not exist */
    shape_fn *shapes[4];
};

static const struct form forms[] = {
    {"Sendmail", VERSION, "", true, {shape_standard, shape_address}},
    {"Postfix", BY, "Postfix", true, {shape_standard}},
    {"Exim", BY, "Exim", true, {shape_exim}},
    {"qmail-ldap", BY, "qmail-ldap", false, {shape_qmail, shape_bare}},
    {"qpsmtpd", BY, "qpsmtpd", false, {shape_qmail, shape_bare}},
    {"qmail (qp)", BY, "qp ", false, {shape_qmail, shape_bare}},
    {"CommuniGate Pro", BY, "CommuniGate", false, {shape_literal, shape_standard, shape_address}},
    {"Microsoft SMTPSVC", PROTOCOL, "Microsoft SMTPSVC", false, {shape_standard}},
    {"Microsoft Exchange", PROTOCOL, "Microsoft SMTP Server", false, {shape_bare}},
    {"Exchange 5.5", BY, "Microsoft Exchange Internet Mail", false, {shape_standard, shape_bare}},
    {"PowerMTA", BY, "PowerMTA", false, {shape_bare}},
    {"Momentum", BY, "ecelerity", true, {shape_helo_inside, shape_standard}},
    {"MDaemon", BY, "MDaemon", false, {shape_bracket, shape_standard, shape_bare}},
    {"IMail", BY, "SMTPD32", false, {shape_bracket}},
    {"IMail (Ipswitch)", BY, "SMTPD-", false, {shape_bracket}},
    {"Mercury/32", BY, "Mercury", false, {shape_bare}},
    {"XMail", PROTOCOL, "[XMail ", false, {shape_bare}},
    {"iPlanet Messaging Server", BY, "iPlanet", true, {shape_standard}},
    {"Sun Java System Messaging", BY, "Sun Java", true, {shape_standard}},
    {"Oracle Messaging Server", BY, "Oracle Communications", true, {shape_standard}},
    {"InterMail", BY, "InterMail", false, {shape_standard, shape_bare}},
    {"Domino", BY, "Domino", false, {shape_standard, shape_bare}},
    {"GroupWise", BY, "GroupWise", false, {shape_standard, shape_bare}},
    {"OpenSMTPD", BY, "OpenSMTPD", false, {shape_standard}},
    {"Haraka", BY, "Haraka", false, {shape_standard}},
    {"hMailServer", BY, "hMailServer", false, {shape_standard, shape_bare}},
    {"MailEnable", PROTOCOL, "MailEnable", false, {shape_standard, shape_address, shape_bare}},
    {"IceWarp", BY, "IceWarp", false, {shape_standard, shape_bare}},
    {"Merak", BY, "Merak", false, {shape_standard, shape_bare}},
    {"Kerio Connect", BY, "Kerio", false, {shape_standard, shape_bare}},
    {"SurgeMail", BY, "SurgeMail", false, {shape_standard, shape_bare}},
    {"Axigen", BY, "Axigen", false, {shape_standard, shape_bare}},
    {"MailMarshal", BY, "MailMarshal", false, {shape_standard, shape_bare}},
    {"Barracuda", BY, "Barracuda", false, {shape_standard, shape_bare}},
    {"Symantec", BY, "Symantec", false, {shape_standard, shape_bare}},
    {"Mimecast", HOST, ".mimecast.com", false, {shape_standard, shape_bare}},
    {"Google", DOTTED, "", false, {shape_standard}},
    {"Google", HOST, ".google.com", false, {shape_standard, shape_address}},
    {"Yahoo", HOST, ".yahoo.com", false, {shape_qmail, shape_bare, shape_address}},
    {"Zoho", BY, "zoho mail", false, {shape_standard, shape_bare}},
    {"Apache James", BY, "JAMES", false, {shape_standard, shape_bare}},
    {"Stalwart", BY, "Stalwart", true, {shape_standard}},
    {"Nemesis", BY, "Nemesis", false, {shape_literal, shape_exim}},
    {"EMWAC", BY, "EMWAC", false, {shape_standard}},
    {"MailSite", BY, "SMTPRS", false, {shape_standard, shape_bare}},
    {"amavis", BY, "amavis", false, {shape_standard}},
    {"Cyrus LMTP", BY, "Cyrus", false, {shape_standard, shape_address}},
    {"Dovecot LMTP", BY, "Dovecot", false, {shape_standard}},
    {"Post.Office", BY, "Post.Office", false, {shape_address, shape_standard}},
    {"ArGoSoft", BY, "ArGoSoft", false, {shape_address, shape_standard}},
    {"InterScan", BY, "InterScan", false, {shape_address, shape_standard}},
    {"MessageWall", BY, "MessageWall", false, {shape_address}},
    {"MailGate", BY, "MailGate", false, {shape_address}},
    {"F-Secure", BY, "F-Secure", false, {shape_literal}},
    {"Tumbleweed", BY, "Tumbleweed", false, {shape_address}},
    {"Smail", BY, "Smail", false, {shape_smail}},
    {"smap", FROM_WITH, "smap", false, {shape_glued}},
    {"csmap", FROM_WITH, "csmap", false, {shape_glued}},
    {"Obtuse smtpd", FROM_WITH, "SMTP", false, {shape_glued}},
    {"fetchmail", BY, "fetchmail", false, {shape_bracket, shape_address}},
    {"Exim or Courier, unnamed", PROTOCOL, "esmtp", false, {shape_standard, shape_exim, shape_bare}},
    {"Exim, unnamed", PROTOCOL, "smtp", false, {shape_exim, shape_bare}},
    /* what is left: servers that do not say who they are */
    {"qmail", PROTOCOL, "SMTP", false, {shape_qmail}},
    {"RFC 5321", BY, "", false, {shape_qmail, shape_helo_inside, shape_standard, shape_literal}},
    {"HELO and address", BY, "", false, {shape_bare}},
    {"address alone", BY, "", false, {shape_address}},
};

size_t received_forms_count(void)
{
    return sizeof forms / sizeof *forms;
}

const char *received_forms_name(size_t i)
{
    return forms[i].name;
}

/* The letters and digits of T, each a bit: a text that lacks one of a mark's cannot have the mark. */
static uint64_t letters_of(struct text t)
{
    uint64_t set = 0;
    for (size_t i = 0; i < t.n; i++)
        set |= (uint64_t)1 << (fold((unsigned char)t.p[i]) & 63);
    return set;
}

/* What the server says about itself: the comments after the word `by`. Names and addresses are none. */
struct remarks {
    struct text comment[RECEIVED_TOKENS];
    size_t count;
    uint64_t letters; /* of all of them */
};

static void find_remarks(const struct received_tokens *t, struct remarks *out)
{
    out->count = 0;
    out->letters = 0;
    for (size_t i = t->by; i < t->count; i++)
        if (t->token[i].comment) {
            out->comment[out->count++] = t->token[i].text;
            out->letters |= letters_of(t->token[i].text);
        }
}

static bool has_mark(const struct remarks *r, const char *mark)
{
    struct text m = text_z(mark);
    if (letters_of(m) & ~r->letters)
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (text_find_nocase(r->comment[i], m) < r->comment[i].n)
            return true;
    return false;
}

/* "8.11.6/8.11.6", "SGI-8.9.3/8.8.7", "8.12.1/", "8.16.0.42/8.16.0.42". */
static bool is_version(struct text t)
{
    size_t slash = text_find(t, 0, '/'), dots = 0;
    for (size_t i = 0; i < slash; i++)
        dots += t.p[i] == '.';
    return slash < t.n && slash >= 3 && dots >= 1 && text_find(t, 0, '8') < slash &&
           text_find(t, 0, ' ') > slash;
}

static bool is_form(const struct form *f, const struct received_tokens *t, const struct remarks *remarks,
                    const struct received *r)
{
    switch (f->where) {
    case BY:
        return !f->mark[0] || has_mark(remarks, f->mark);
    case PROTOCOL:
        return text_starts_nocase(r->protocol, text_z(f->mark)) &&
               (f->mark[0] != 's' || (r->protocol.n && r->protocol.p[0] == 's')) &&
               (f->mark[0] != 'e' || (r->protocol.n && r->protocol.p[0] == 'e'));
    case HOST:
        return text_ends_nocase(r->by, text_z(f->mark));
    case DOTTED:
        return t->by > 1 && t->token[t->by - 1].comment &&
               text_find_nocase(t->token[t->by - 1].text, TEXT(". [")) < t->token[t->by - 1].text.n;
    case VERSION:
        for (size_t i = t->by; i < t->count; i++)
            if (t->token[i].comment && is_version(t->token[i].text))
                return true;
        return false;
    case FROM_WITH:
        for (size_t i = 1; i + 1 < t->count; i++)
            if (text_eq_nocase(t->token[i].text, TEXT("via")) &&
                text_starts_nocase(t->token[i + 1].text, text_z(f->mark)))
                return true;
        return false;
    }
    return false;
}

/* Google writes the brackets of a literal as question marks, Exim an IPv6 literal without "IPv6:". */
static void mend_helo(struct received *r)
{
    struct writer w = writer_on(r->literal, sizeof r->literal);
    struct text h = r->helo;
    struct ip ip;
    if (h.n < 3 || h.n > RECEIVED_HELO_MAX - 8)
        return;
    bool marks = h.p[0] == '?' && h.p[h.n - 1] == '?', brackets = h.p[0] == '[' && h.p[h.n - 1] == ']';
    struct text inner = text_of(h.p + 1, h.n - 2);
    if (marks && received_forms_address(inner, &ip))
        writer_printf(&w, "[%.*s]", (int)inner.n, inner.p);
    else if (brackets && strncmp(r->form, "Exim", 4) == 0 && ip_parse(inner, &ip) && ip.v6)
        writer_printf(&w, "[IPv6:%.*s]", (int)inner.n, inner.p);
    if (w.n)
        r->helo = writer_text(&w);
}

/* "from NAME [ADDRESS]" in a comment of its own: Sendmail, where the client said no HELO. */
static bool sendmail_without_helo(const struct received_tokens *t, struct received *r)
{
    if (!t->count || !t->token[0].comment || !text_starts_nocase(t->token[0].text, TEXT("from ")))
        return false;
    struct said said = read_comment(text_skip(t->token[0].text, 5));
    r->form = "Sendmail without HELO";
    r->local = !said.has_ip;
    if (!said.has_ip)
        return true;
    set_client(r, &said.ip);
    struct shape s = {.verified = true};
    set_name(r, &s, said.before, said.forged);
    return true;
}

/* What never came over the network: no `from`, "with local", a pipe, qmail's queue. */
static bool is_local(const struct received_tokens *t, const struct received *r)
{
    if (!t->count || (t->token[0].comment && text_starts_nocase(t->token[0].text, TEXT("qmail "))) ||
        text_eq_nocase(t->token[0].text, TEXT("by")) || text_starts_nocase(r->protocol, TEXT("local")))
        return true;
    return (t->by == 4 && text_eq_nocase(t->token[1].text, TEXT("mail")) &&
            text_eq_nocase(t->token[2].text, TEXT("pickup")));
}

void received_forms_find(const struct received_tokens *t, struct received *r)
{
    for (size_t i = 0; i + 1 < t->count; i++) /* qmail-scanner: "from a@b by HOST by uid 1005" */
        r->local = r->local || (text_eq_nocase(t->token[i].text, TEXT("by")) &&
                                text_eq_nocase(t->token[i + 1].text, TEXT("uid")));
    if (r->local) {
        r->form = "local";
        return;
    }
    if (!t->regular || sendmail_without_helo(t, r))
        return;
    struct remarks remarks;
    find_remarks(t, &remarks);
    r->local = is_local(t, r);
    if (r->local) {
        r->form = "local";
        return;
    }
    if (t->token[0].comment || !text_eq_nocase(t->token[0].text, TEXT("from")) || t->by == t->count)
        return;
    struct shape s = {.t = t, .from = 1, .to = t->by};
    for (size_t i = 1; i < t->by; i++) /* "via SMTP" before `by` */
        if (text_eq_nocase(t->token[i].text, TEXT("via")) && !t->token[i].comment)
            s.to = i;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!is_form(&forms[i], t, &remarks, r))
            continue;
        s.verified = forms[i].verified;
        s.after = s.to;
        for (size_t k = 0; k < 4 && forms[i].shapes[k]; k++) {
            if (!forms[i].shapes[k](&s, r))
                continue;
            r->form = forms[i].name;
            for (size_t c = s.after; c < s.to; c++)
                r->authenticated = r->authenticated || received_forms_authenticated(t->token[c].text);
            mend_helo(r);
            return;
        }
    }
}
