#include "received.h"

#include "core/mail/domain.h"
#include "received_forms.h"

/* What the clauses are known by. */
enum clause { CLAUSE_BY, CLAUSE_VIA, CLAUSE_WITH, CLAUSE_ID, CLAUSE_FOR, CLAUSE_COUNT };

static enum clause clause_of(struct text word)
{
    static const char *const names[] = {"by", "via", "with", "id", "for"};
    for (int i = word.n >= 2 && word.n <= 4 ? 0 : CLAUSE_COUNT; i < CLAUSE_COUNT; i++)
        if (text_eq_nocase(word, text_z(names[i])))
            return (enum clause)i;
    return CLAUSE_COUNT;
}

/* Where the date begins: after the last ';' outside comments or, if their parentheses do not match, after the last
 * one of all. T.n if there is none. */
static size_t find_date(struct text t)
{
    size_t outside = t.n, last = t.n;
    unsigned depth = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '\\' && depth) {
            i++;
        } else if (t.p[i] == '(') {
            depth++;
        } else if (t.p[i] == ')' && depth) {
            depth--;
        } else if (t.p[i] == ';') {
            last = i;
            outside = depth ? outside : i;
        }
    }
    return depth ? last : outside;
}

/* The length of the comment at the front of T, parentheses included; 0 if it is never closed. */
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
    return 0;
}

static size_t word_size(struct text t)
{
    size_t n = 0;
    while (n < t.n && t.p[n] != '(' && !is_space((unsigned char)t.p[n]))
        n++;
    return n;
}

static void tokenize(struct text t, struct received_tokens *out)
{
    out->count = 0; /* the tokens beyond it are never looked at */
    out->by = RECEIVED_TOKENS;
    out->cut = false;
    out->regular = true;
    unsigned froms = 0, bys = 0;
    while (t.n) {
        if (is_space((unsigned char)t.p[0])) {
            t = text_skip(t, 1);
            continue;
        }
        bool comment = t.p[0] == '(';
        size_t n = comment ? comment_size(t) : word_size(t);
        if (!n || out->count == RECEIVED_TOKENS) { /* every later comment would be searched for its end again */
            out->regular = false;
            out->cut = true;
            break;
        }
        struct received_token *token = &out->token[out->count++];
        *token = (struct received_token){comment ? text_of(t.p + 1, n - 2) : text_of(t.p, n), comment};
        if (!comment && n == 4 && !bys && text_eq_nocase(token->text, TEXT("from")))
            froms++;
        if (!comment && n == 2 && text_eq_nocase(token->text, TEXT("by")) && bys++ == 0)
            out->by = out->count - 1;
        t = text_skip(t, n);
    }
    out->by = out->by < out->count ? out->by : out->count;
    bool smail = froms == 2 && text_eq_nocase(out->token[2].text, TEXT("from"));
    out->regular = out->regular && (froms <= 1 || smail) && bys <= 1;
}

static struct text first_word(struct text t)
{
    size_t n = 0;
    while (n < t.n && !is_space((unsigned char)t.p[n]))
        n++;
    return text_of(t.p, n);
}

static bool contains(struct text t, const char *what)
{
    return text_find_nocase(t, text_z(what)) < t.n;
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

/* A protocol that says AUTH (RFC 3848, RFC 6531, and Exim's older names). */
static bool is_authenticated_protocol(struct text word)
{
    static const char *const names[] = {"ESMTPA",    "ESMTPSA",    "LMTPA", "LMTPSA", "UTF8SMTPA", "UTF8SMTPSA",
                                        "UTF8LMTPA", "UTF8LMTPSA", "asmtp", "asmtps", "esmtpa",    "esmtpsa"};
    if (!word.n || (fold((unsigned char)word.p[word.n - 1]) != 'a' && fold((unsigned char)word.p[0]) != 'a'))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_eq_nocase(word, text_z(names[i])))
            return true;
    return false;
}

static bool is_fetching(struct text words)
{
    static const char *const protocols[] = {"HTTP", "IMAP", "POP",  "NNFMP", "MAPI",  "UUCP",
                                            "DAV",  "NNTP", "QMQP", "EWS",   "BSMTP", "bsmtp"};
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
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

/* The clauses after `from`: their words, first to last. */
static void read_clauses(const struct received_tokens *t, struct received *r)
{
    struct text words[CLAUSE_COUNT] = {{NULL, 0}};
    bool seen[CLAUSE_COUNT] = {false};
    enum clause at = CLAUSE_COUNT;
    for (size_t i = t->by; i < t->count; i++) {
        struct text word = t->token[i].text;
        if (t->token[i].comment) {
            if (at == CLAUSE_BY && !r->has_by_ip)
                r->has_by_ip = received_shapes_ip(word, &r->by_ip);
            r->fetched = r->fetched || contains(word, "fetchmail") || contains(word, "getmail");
            find_sender(r, word);
            r->authenticated = r->authenticated || received_forms_authenticated(word);
            continue;
        }
        enum clause clause = clause_of(word);
        if (clause < CLAUSE_COUNT && !seen[clause]) {
            at = clause;
            seen[clause] = true;
        } else if (at < CLAUSE_COUNT) {
            if (words[at].p)
                words[at].n = (size_t)(word.p + word.n - words[at].p);
            else
                words[at] = word;
        }
    }
    r->by = first_word(words[CLAUSE_BY]);
    r->protocol = words[CLAUSE_WITH];
    r->id = first_word(words[CLAUSE_ID]);
    r->recipient = recipient(words[CLAUSE_FOR]);
    r->authenticated = r->authenticated || is_authenticated_protocol(first_word(r->protocol));
    r->fetched = r->fetched || is_fetching(r->protocol) || is_fetching(words[CLAUSE_VIA]);
}

/* Whether a public address is before the word `by`, wherever it is. */
static bool has_address(const struct received_tokens *t)
{
    struct ip ip;
    for (size_t i = 0; i < (t->regular ? t->by : t->count); i++) {
        struct text text = t->token[i].text;
        for (size_t at = 0; at < text.n;) {
            size_t end = at;
            while (end < text.n && !strchr(" ()[]{}@=,<>\"'/\t", text.p[end]))
                end++;
            if (ip_parse(text_of(text.p + at, end - at), &ip) && ip_is_public(&ip))
                return true;
            at = end + 1;
        }
    }
    return false;
}

void received_parse(struct text value, struct received *out)
{
    struct received_tokens t;
    size_t date = find_date(value);
    *out = (struct received){.form = NULL};
    if (date < value.n)
        out->has_time = calendar_parse_mail(text_skip(value, date + 1), &out->time);
    tokenize(text_of(value.p, date), &t);
    read_clauses(&t, out);
    if (date < value.n)
        find_sender(out, text_skip(value, date)); /* Sendmail on FreeBSD, PowerMTA */
    received_forms_find(&t, out);
    out->from_network = !out->form && (t.cut || has_address(&t));
}
