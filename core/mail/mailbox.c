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

static inline size_t next_item(struct text t, size_t i)
{
    return t.p[i] == '\\' || t.p[i] == '"' ? quoted_end(t, i) : i + 1;
}

/* Index behind the comment that opens at I; t.n if it is not closed. Nesting is counted (RFC 5322
 * section 3.2.2). */
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
    return t.n;
}

/*
 * Index of the '<' that opens the address; t.n if it has none. Servers take "RCPT TO: Sugar
 * <sugar@example.com>" and
 * "(hello) <a@b>" as well, and a client must not slip past a trap that way. A '<' in a parameter ("AUTH=<>")
 * opens nothing.
 */
static size_t opening_bracket(struct text t)
{
    bool first_word = true, parameter = false;
    for (size_t i = 0; i < t.n;) {
        if (t.p[i] == '<' && !parameter)
            return i;
        if (is_space((unsigned char)t.p[i]))
            first_word = parameter = false;
        else if (t.p[i] == '=' && !first_word)
            parameter = true;
        i = t.p[i] == '(' ? comment_end(t, i) : next_item(t, i);
    }
    return t.n;
}

/* Index of the '>' that closes the address. If it is missing, of the blank before the parameters, one of which
 * may have brackets of its own. */
static size_t closing_bracket(struct text t)
{
    size_t blank = t.n, i = 0;
    for (; i < t.n && t.p[i] != '<'; i = next_item(t, i)) {
        if (t.p[i] == '>')
            return i;
        if (blank == t.n && is_space((unsigned char)t.p[i]))
            blank = i;
    }
    return blank < i ? blank : i;
}

/* Index of the blank that ends a bare address; a stray '>' ends it too. */
static size_t bare_end(struct text t)
{
    size_t i = 0;
    while (i < t.n && !is_space((unsigned char)t.p[i]) && t.p[i] != '>')
        i = next_item(t, i);
    return i;
}

/* Without "@one,@two:" in front (RFC 5321 appendix C: to be ignored). A colon inside an address literal does
 * not end it. */
static struct text without_route(struct text t)
{
    bool literal = false;
    if (t.n == 0 || t.p[0] != '@')
        return t;
    for (size_t i = 0; i < t.n; i = next_item(t, i)) {
        if (t.p[i] == '[')
            literal = true;
        else if (t.p[i] == ']')
            literal = false;
        else if (t.p[i] == ':' && !literal)
            return text_trim(text_skip(t, i + 1));
    }
    return t;
}

static void split_at_sign(struct mailbox *m)
{
    struct text t = m->address;
    size_t at = t.n;
    for (size_t i = 0; i < t.n; i = next_item(t, i))
        if (t.p[i] == '@')
            at = i;
    m->local = text_of(t.p, at);
    m->domain = domain_trim(text_skip(t, at + 1));
}

bool mailbox_parse(struct text argument, struct mailbox *out)
{
    struct text t = text_trim(argument);
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
        t.n = bare_end(t);
    }
    t = without_route(t);
    if (t.n == 0)
        return out->null_sender;
    out->address = t;
    split_at_sign(out);
    return true;
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
