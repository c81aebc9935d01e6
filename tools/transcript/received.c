#include "received.h"

#include "core/mail/domain.h"

enum { COMMENTS_MAX = 8 };

/* The words of one clause, and the comments between and behind them. */
struct clause {
    struct text words; /* from the first word to the last one */
    struct text comment[COMMENTS_MAX];
    size_t comments;
};

enum clause_kind {
    CLAUSE_NONE,
    CLAUSE_FROM,
    CLAUSE_BY,
    CLAUSE_VIA,
    CLAUSE_WITH,
    CLAUSE_ID,
    CLAUSE_FOR,
    CLAUSE_COUNT
};

static enum clause_kind clause_of(struct text word)
{
    static const char *const names[] = {"", "from", "by", "via", "with", "id", "for"};
    for (int i = CLAUSE_FROM; i < CLAUSE_COUNT; i++)
        if (text_eq_nocase(word, text_z(names[i])))
            return (enum clause_kind)i;
    return CLAUSE_NONE;
}

/* Length of the comment at the front of T, parentheses included. One that is never closed ends at the first
 * ')', as its text was surely the client's; without any, at the end. */
static size_t comment_size(struct text t)
{
    unsigned depth = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '\\')
            i++;
        else if (t.p[i] == '(')
            depth++;
        else if (t.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    size_t end = text_find(t, 0, ')');
    return end < t.n ? end + 1 : t.n;
}

/* Where the date begins: behind the last ';' outside comments. T.n if there is none. */
static size_t find_date(struct text t)
{
    size_t found = t.n;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '(')
            i += comment_size(text_skip(t, i)) - 1;
        else if (t.p[i] == ';')
            found = i;
    }
    return found;
}

static void add_word(struct clause *c, struct text word)
{
    if (c->words.p)
        c->words.n = (size_t)(word.p + word.n - c->words.p);
    else
        c->words = word;
}

static void split(struct text t, struct clause clauses[CLAUSE_COUNT])
{
    enum clause_kind at = CLAUSE_NONE;
    bool seen[CLAUSE_COUNT] = {false};
    while (t.n) {
        if (is_space((unsigned char)t.p[0])) {
            t = text_skip(t, 1);
            continue;
        }
        size_t n = 0;
        struct clause *clause = &clauses[at];
        if (t.p[0] == '(') {
            n = comment_size(t);
            if (clause->comments < COMMENTS_MAX)
                clause->comment[clause->comments++] =
                    text_of(t.p + 1, n > 1 && t.p[n - 1] == ')' ? n - 2 : n - 1);
        } else {
            while (n < t.n && t.p[n] != '(' && !is_space((unsigned char)t.p[n]))
                n++;
            struct text word = text_of(t.p, n);
            enum clause_kind kind = clause_of(word);
            if (kind != CLAUSE_NONE && !seen[kind]) {
                at = kind;
                seen[kind] = true;
            } else {
                add_word(clause, word);
            }
        }
        t = text_skip(t, n);
    }
}

static struct text first_word(struct text t)
{
    size_t n = 0;
    while (n < t.n && !is_space((unsigned char)t.p[n]))
        n++;
    return text_of(t.p, n);
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]", "[::ffff:192.0.2.1]:1234" or the same bare. */
static bool parse_address(struct text t, struct ip *out)
{
    if (t.n && t.p[0] == '[') {
        size_t close = text_find(t, 0, ']');
        if (close == t.n)
            return false;
        t = text_of(t.p + 1, close - 1);
    }
    if (text_starts_nocase(t, TEXT("IPv6:")))
        t = text_skip(t, 5);
    return ip_parse(t, out);
}

/* Finds an address in a comment. What stands before it is in *BEFORE. */
static bool find_address(struct text comment, struct ip *ip, struct text *before)
{
    for (size_t at = text_find(comment, 0, '['); at < comment.n; at = text_find(comment, at + 1, '['))
        if (parse_address(text_skip(comment, at), ip)) {
            *before = text_trim(text_of(comment.p, at));
            return true;
        }
    struct text word = first_word(text_trim(comment));
    size_t user = word.n;
    while (user && word.p[user - 1] != '@')
        user--;
    *before = text_of(word.p, 0);
    return parse_address(text_skip(word, user), ip);
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
    if (text_eq_nocase(t, TEXT("unknown")) || text_eq_nocase(t, TEXT("unverified")) || ip_parse(t, &ip))
        t.n = 0;
    return t;
}

/* What the client said at HELO, where a comment is about that: "HELO x", "EHLO x", "account y HELO x",
 * "[ADDRESS] helo=x". */
static bool find_helo(struct text comment, struct text *helo)
{
    static const char *const marks[] = {"helo=", "HELO ", "EHLO "};
    for (size_t i = 0; i < 3; i++) {
        struct text mark = text_z(marks[i]);
        size_t at = text_find_nocase(comment, mark);
        bool quoted = at && at < comment.n && comment.p[at - 1] == '"';
        if (at == comment.n || (at && !quoted && !is_space((unsigned char)comment.p[at - 1])))
            continue;
        struct text rest = text_skip(comment, at + mark.n);
        if (quoted)
            rest.n = text_find(rest, 0, '"');
        *helo = i ? text_trim(rest) : first_word(rest);
        return true;
    }
    return false;
}

static bool contains(struct text t, const char *what)
{
    return text_find_nocase(t, text_z(what)) < t.n;
}

/* The address comes from the first comment that shows one, the words of HELO left aside: a client can say
 * anything there. */
static void find_client(struct received *r, const struct clause *from, struct text *before, size_t *where)
{
    struct text helo;
    *where = COMMENTS_MAX;
    for (size_t i = 0; i < from->comments && !r->has_client; i++) {
        struct text comment = from->comment[i];
        bool about_helo = find_helo(comment, &helo);
        if (about_helo)
            comment.n = (size_t)(helo.p - comment.p);
        r->has_client = find_address(comment, &r->client, before);
        if (r->has_client)
            *where = i;
    }
    for (struct text words = from->words; words.n && !r->has_client; words = text_trim(words)) {
        struct text word = first_word(words);
        r->has_client = parse_address(word, &r->client);
        words = text_skip(words, word.n);
    }
}

static void interpret_from(struct received *r, const struct clause *from, bool exim, bool plain_by)
{
    struct text words = from->words;
    struct text before = text_of(words.p, 0);
    struct text helo = text_of(NULL, 0);
    struct ip ip;
    size_t where;
    bool helo_shown = false;
    find_client(r, from, &before, &where);
    bool words_are_address = parse_address(words, &ip);
    for (size_t i = 0; i < from->comments && !helo_shown; i++)
        helo_shown = find_helo(from->comment[i], &helo);

    if (helo_shown) { /* qmail, Exim, CommuniGate: the words are the name that was looked up */
        r->helo = helo;
        r->name = words_are_address ? r->name : host_name(words);
        return;
    }
    bool bare = where < COMMENTS_MAX && !memchr(from->comment[where].p, '[', from->comment[where].n);
    if (exim || (bare && plain_by && r->protocol.n)) {
        /* An old Exim wrote "from (HELO) [ADDRESS]". */
        if (words_are_address && where == COMMENTS_MAX && from->comments && host_name(from->comment[0]).n) {
            r->helo = from->comment[0];
            return;
        }
        /* Exim leaves helo= away where it says the same as the name, or is the address as a literal; qmail does
         * so for the name. */
        r->name = words_are_address ? r->name : host_name(words);
        r->helo = words_are_address && bare ? r->helo : words;
        if (bare && !r->name.n)
            r->helo.n = 0;
        return;
    }
    if (words_are_address && where == COMMENTS_MAX)
        return; /* an address and nothing else */
    r->helo = where == COMMENTS_MAX ? first_word(words) : words;
    if (where < COMMENTS_MAX && !contains(from->comment[where], "may be forged") &&
        !contains(from->comment[where], "unverified"))
        r->name = host_name(before);
}

/* "envelope-from <a@b>", "envelope-sender <>" */
static void find_sender(struct received *r, struct text comment)
{
    static const char *const marks[] = {"envelope-from", "envelope-sender"};
    for (size_t i = 0; i < 2; i++) {
        size_t at = text_find_nocase(comment, text_z(marks[i]));
        if (at == comment.n)
            continue;
        struct text rest = text_trim(text_skip(comment, at + strlen(marks[i])));
        if (rest.n && rest.p[0] == '=')
            rest = text_trim(text_skip(rest, 1));
        rest.n = text_find(rest, 0, ')');
        size_t close = text_find(rest, 0, '>');
        if (rest.n && rest.p[0] == '<' && close < rest.n)
            r->sender = text_of(rest.p + 1, close - 1);
        else
            r->sender = first_word(rest);
        r->has_sender = r->sender.n || close < rest.n;
    }
}

static void find_comments(struct received *r, const struct clause clauses[CLAUSE_COUNT])
{
    for (int kind = 0; kind < CLAUSE_COUNT; kind++)
        for (size_t i = 0; i < clauses[kind].comments; i++) {
            struct text comment = clauses[kind].comment[i];
            find_sender(r, comment);
            if (text_starts_nocase(comment, TEXT("authenticated")) ||
                text_starts_nocase(comment, TEXT("auth:")) || text_starts_nocase(comment, TEXT("account ")))
                r->authenticated = true;
            if (contains(comment, "fetchmail"))
                r->fetched = true;
        }
}

/* Whether the protocol is SMTP with AUTH: ESMTPA, ESMTPSA, UTF8SMTPA, … */
static bool is_authenticated_protocol(struct text word)
{
    size_t at = text_find_nocase(word, TEXT("SMTP"));
    return at < word.n && text_find_nocase(text_skip(word, at + 4), TEXT("A")) < word.n - at - 4 &&
           !contains(word, "SMTPSVC");
}

static bool is_fetching(struct text words)
{
    static const char *const protocols[] = {"HTTP", "IMAP", "POP",  "NNFMP", "MAPI",
                                            "UUCP", "DAV",  "NNTP", "QMQP"};
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (text_starts_nocase(words, text_z(protocols[i])))
            return true;
    return false;
}

static struct text recipient(struct text words)
{
    struct text word = first_word(words);
    if (word.n && word.p[0] == '<')
        word = text_of(word.p + 1, text_find(word, 0, '>') - 1);
    return text_find(word, 0, '@') < word.n || text_eq_nocase(word, TEXT("postmaster")) ? word
                                                                                        : text_of(word.p, 0);
}

void received_parse(struct text value, struct received *out)
{
    struct clause clauses[CLAUSE_COUNT] = {{{NULL, 0}, {{NULL, 0}}, 0}};
    size_t date = find_date(value);
    *out = (struct received){.has_time = false};
    if (date < value.n)
        out->has_time = calendar_parse_mail(text_skip(value, date + 1), &out->time);
    split(text_of(value.p, date), clauses);
    out->by = first_word(clauses[CLAUSE_BY].words);
    out->protocol = clauses[CLAUSE_WITH].words;
    out->id = first_word(clauses[CLAUSE_ID].words);
    out->recipient = recipient(clauses[CLAUSE_FOR].words);
    out->authenticated = is_authenticated_protocol(first_word(out->protocol));
    out->fetched = is_fetching(out->protocol) || is_fetching(clauses[CLAUSE_VIA].words);
    find_comments(out, clauses);
    if (date < value.n)
        find_sender(out, text_skip(value, date)); /* Sendmail on FreeBSD, PowerMTA */

    struct clause *from = &clauses[CLAUSE_FROM];
    struct clause *head = &clauses[CLAUSE_NONE];
    if (!from->words.p && !from->comments && head->comments &&
        text_starts_nocase(head->comment[0], TEXT("from "))) {
        /* Sendmail's "(from NAME [ADDRESS])": the client said no HELO. */
        struct text before;
        out->has_client = find_address(text_skip(head->comment[0], 5), &out->client, &before);
        if (out->has_client && !contains(head->comment[0], "may be forged"))
            out->name = host_name(before);
        return;
    }
    bool exim = false;
    for (size_t i = 0; i < clauses[CLAUSE_WITH].comments; i++)
        exim = exim || text_starts_nocase(clauses[CLAUSE_WITH].comment[i], TEXT("Exim"));
    interpret_from(out, from, exim, clauses[CLAUSE_BY].comments == 0);
}
