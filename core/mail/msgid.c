#include "msgid.h"

/*
 * The grammar of RFC 5322 section 3.6.4, one function per production, each with its name. A production returns
 * true and leaves the cursor after what it read, or returns false. One byte always decides which way to go, so
 * the parser never steps back, and the time is linear. Nested comments are counted, not recursed into.
 *
 * Corners that the RFCs leave open:
 * - A line end that a blank follows counts as that blank only: fields arrive unfolded, and both spellings must
 * give the same answer. So two folds in a row (obs-FWS) cannot be distinguished from one and are accepted in
 * strict mode too. A line end at the very end is not part of the value.
 * - obs-NO-WS-CTL (controls but NUL, TAB, LF, CR) may occur in comments, quoted strings and address literals,
 * and NUL only after a backslash, as in 4.1. LF and CR after a backslash are refused: no server lets them
 * through as such.
 * - An 8-bit character is accepted where RFC 6532 section 3.2 allows it, if it is well-formed UTF-8; Latin-1
 * bytes are not.
 * - A quoted string or a literal may be empty inside its delimiters: the RFC says so. A side without anything
 * is refused.
 */
struct cursor {
    const unsigned char *p, *end;
    bool obsolete; /* whether the forms of section 4 are accepted */
};

static bool at(const struct cursor *c, unsigned char byte)
{
    return c->p < c->end && *c->p == byte;
}

static bool take(struct cursor *c, unsigned char byte)
{
    if (!at(c, byte))
        return false;
    c->p++;
    return true;
}

static bool in_range(unsigned char c, unsigned char low, unsigned char high)
{
    return c >= low && c <= high;
}

/* UTF8-2 / UTF8-3 / UTF8-4 of RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool utf8_non_ascii(struct cursor *c)
{
    size_t room = (size_t)(c->end - c->p);
    if (room < 2)
        return false;
    const unsigned char *p = c->p;
    size_t tail = in_range(p[0], 0xc2, 0xdf)   ? 1
                  : in_range(p[0], 0xe0, 0xef) ? 2
                  : in_range(p[0], 0xf0, 0xf4) ? 3
                                               : 0;
    unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (tail == 0 || room <= tail || !in_range(p[1], low, high))
        return false;
    for (size_t i = 2; i <= tail; i++)
        if (!in_range(p[i], 0x80, 0xbf))
            return false;
    c->p += tail + 1;
    return true;
}

static bool obs_no_ws_ctl(const struct cursor *c)
{
    unsigned char b = *c->p;
    return c->obsolete && (in_range(b, 1, 8) || b == 11 || b == 12 || in_range(b, 14, 31) || b == 127);
}

/* A line end counts as nothing if a blank follows it, or if the value ends there. */
static bool fold_mark(struct cursor *c)
{
    const unsigned char *p = c->p;
    if (p < c->end && *p == '\r')
        p++;
    if (p == c->end || *p != '\n' || (p + 1 < c->end && !is_blank(p[1])))
        return false;
    c->p = p + 1;
    return true;
}

static bool fws(struct cursor *c)
{
    const unsigned char *start = c->p;
    while ((c->p < c->end && is_blank(*c->p) && c->p++) || fold_mark(c))
        ;
    return c->p > start;
}

/* "\" (VCHAR / WSP), and obs-qp. */
static bool quoted_pair(struct cursor *c)
{
    if (!take(c, '\\'))
        return false;
    while (fold_mark(c)) /* "\", a line end, a blank: after unfolding, the blank is the quoted character */
        ;
    if (c->p == c->end)
        return false;
    if (in_range(*c->p, 33, 126) || is_blank(*c->p) || obs_no_ws_ctl(c) || (c->obsolete && *c->p == 0)) {
        c->p++;
        return true;
    }
    return utf8_non_ascii(c);
}

/* The bytes that ctext, qtext and dtext have in common: printable and none of the three that are special
 * there. */
static bool plain_text(struct cursor *c, const char special[4])
{
    if (c->p == c->end)
        return false;
    if (*c->p >= 0x80)
        return utf8_non_ascii(c);
    if (!obs_no_ws_ctl(c) && (!in_range(*c->p, 33, 126) || memchr(special, *c->p, 3)))
        return false;
    c->p++;
    return true;
}

static bool ctext(struct cursor *c)
{
    return plain_text(c, "()\\");
}

static bool qtext(struct cursor *c)
{
    return plain_text(c, "\"\"\\");
}

static bool dtext(struct cursor *c)
{
    return plain_text(c, "[]\\");
}

static bool comment(struct cursor *c)
{
    size_t depth = 0;
    do {
        if (take(c, '('))
            depth++;
        else if (take(c, ')'))
            depth--;
        else if (!fws(c) && !quoted_pair(c) && !ctext(c))
            return false;
    } while (depth);
    return true;
}

/* [CFWS]: false only if a comment is not closed. */
static bool cfws(struct cursor *c)
{
    for (;;) {
        fws(c);
        if (!at(c, '('))
            return true;
        if (!comment(c))
            return false;
    }
}

static bool atext(struct cursor *c)
{
    if (c->p == c->end)
        return false;
    if (*c->p >= 0x80)
        return utf8_non_ascii(c);
    if (!is_alnum(*c->p) && (*c->p == 0 || !strchr("!#$%&'*+-/=?^_`{|}~", *c->p)))
        return false;
    c->p++;
    return true;
}

static bool atom_text(struct cursor *c)
{
    const unsigned char *from = c->p;
    do
        while (c->p < c->end && is_alnum(*c->p)) /* nearly all identifiers */
            c->p++;
    while (atext(c));
    return c->p > from;
}

static bool dot_atom_text(struct cursor *c)
{
    do {
        if (!atom_text(c))
            return false;
    } while (take(c, '.'));
    return true;
}

static bool quoted_string(struct cursor *c)
{
    if (!take(c, '"'))
        return false;
    while (fws(c) || quoted_pair(c) || qtext(c))
        ;
    return take(c, '"');
}

/* [CFWS] (atom / quoted-string) [CFWS] */
static bool word(struct cursor *c)
{
    return cfws(c) && (at(c, '"') ? quoted_string(c) : atom_text(c)) && cfws(c);
}

/* local-part of section 3.4.1 with obs-local-part, which includes all its other forms: word *("." word) */
static bool obs_id_left(struct cursor *c)
{
    do {
        if (!word(c))
            return false;
    } while (take(c, '.'));
    return true;
}

static bool no_fold_literal(struct cursor *c)
{
    if (!take(c, '['))
        return false;
    while (dtext(c))
        ;
    return take(c, ']');
}

/* "[" *([FWS] dtext) [FWS] "]", dtext with its obsolete quoted pairs */
static bool domain_literal(struct cursor *c)
{
    if (!take(c, '['))
        return false;
    while (fws(c) || quoted_pair(c) || dtext(c))
        ;
    return take(c, ']');
}

/* [CFWS] atom-text [CFWS] */
static bool atom(struct cursor *c)
{
    return cfws(c) && atom_text(c) && cfws(c);
}

/* domain of section 3.4.1 with obs-domain: a literal, or atom *("." atom) */
static bool obs_id_right(struct cursor *c)
{
    if (!cfws(c))
        return false;
    if (at(c, '['))
        return domain_literal(c) && cfws(c);
    do {
        if (!atom(c))
            return false;
    } while (take(c, '.'));
    return true;
}

static bool id_left(struct cursor *c)
{
    return c->obsolete ? obs_id_left(c) : dot_atom_text(c);
}

static bool id_right(struct cursor *c)
{
    if (c->obsolete)
        return obs_id_right(c);
    return at(c, '[') ? no_fold_literal(c) : dot_atom_text(c);
}

/* [CFWS] "<" id-left "@" id-right ">" [CFWS], and nothing else */
static bool msg_id(struct cursor *c)
{
    return cfws(c) && take(c, '<') && id_left(c) && take(c, '@') && id_right(c) && take(c, '>') && cfws(c) &&
           c->p == c->end;
}

/*
 * Sendmail's R< $+ @ $+ > behind "HMessage-Id: $>CheckMessageId". Sendmail strips comments and cuts the value
 * into tokens (prescan() in its parseaddr.c, version 8.17), then asks whether the tokens are "<", one or more,
 * "@", one or more, ">". Its habits:
 * - Each of . : % @ ! ^ / [ ] + < > , ; is a token (O OperatorChars, and DELIMCHARS), a quoted string is one,
 * and so is every run of other bytes. White space and comments only part tokens. So <a@b@c>, <a b@c>, <@@@> and
 * <a@b> <c@d> are good; <"a@b"> and <a\@b> are not, for want of an "@" token; text outside the brackets is
 * always bad.
 * - What is unbalanced is mended before the rule is asked: a quoted string, a comment and brackets left open
 * are closed at the end, a
 *   ")" or ">" too many is left out. So <a@b is good, and <a@b>> too.
 * - A backslash makes the next byte part of a run; outside quotes, a backslash before "!" is dropped.
 * Where prescan() gives up (no token at all; more than 1,000 tokens; a run of more than 255 bytes) Sendmail
 * never asks the rule and takes the message. We say what the rule says: no token is bad, and length does not
 * matter. A NUL ends Sendmail's string; here it is a byte like others.
 */
struct tokens {
    size_t count;
    size_t at_sign;      /* index of the first "@" token with a token between it and the first one */
    unsigned char first; /* the byte, if that token is one operator; 0 otherwise */
    unsigned char last;
};

static void add_token(struct tokens *t, unsigned char operator_byte)
{
    if (t->count == 0)
        t->first = operator_byte;
    if (operator_byte == '@' && t->at_sign == 0 && t->count >= 2)
        t->at_sign = t->count;
    t->last = operator_byte;
    t->count++;
}

static bool is_operator(unsigned char c)
{
    return c && strchr(".:%@!^/[]+<>,;", c);
}

/* Returns the index after the comment that opens at I. */
static size_t skip_comment(struct text v, size_t i)
{
    size_t depth = 0;
    for (; i < v.n; i++) {
        if (v.p[i] == '\\')
            i++;
        else if (v.p[i] == '(')
            depth++;
        else if (v.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return v.n;
}

/* Returns the index after the quoted string that opens at I. */
static size_t skip_quoted(struct text v, size_t i)
{
    for (i++; i < v.n && v.p[i] != '"'; i++)
        if (v.p[i] == '\\')
            i++;
    return i < v.n ? i + 1 : v.n;
}

static struct tokens sendmail_prescan(struct text v)
{
    struct tokens t = {.count = 0};
    size_t open = 0;
    bool in_run = false;
    for (size_t i = 0; i < v.n;) {
        unsigned char c = (unsigned char)v.p[i];
        if (c == '(') {
            i = skip_comment(v, i);
            in_run = false;
            continue;
        }
        if (c == '"') {
            i = skip_quoted(v, i);
            add_token(&t, 0);
            in_run = false;
            continue;
        }
        if (c == '\\' && i + 1 < v.n && v.p[i + 1] == '!') {
            i++; /* the "!" is read as an operator */
            continue;
        }
        if (c == '\\' && i + 1 == v.n && open == 0)
            break; /* nothing to quote: dropped; with an open bracket it would quote the ">" that is added */
        i += c == '\\' ? 2 : 1;
        if (c == ')' || (c == '>' && open == 0))
            continue;
        if (is_space(c)) {
            in_run = false;
        } else if (is_operator(c)) {
            if (c == '<')
                open++;
            else if (c == '>')
                open--;
            add_token(&t, c);
            in_run = false;
        } else if (!in_run) {
            add_token(&t, 0);
            in_run = true;
        }
    }
    for (; open; open--)
        add_token(&t, '>');
    return t;
}

static bool sendmail_rule(struct text v)
{
    struct tokens t = sendmail_prescan(v);
    return t.first == '<' && t.last == '>' && t.at_sign && t.count - t.at_sign >= 3;
}

static bool is_word_byte(unsigned char c)
{
    return is_alnum(c) || c == '_';
}

/* /^\w+\@\w+$/ on the trimmed value, so the line end that Perl's $ allows makes no difference. \w is ASCII. */
static bool word_pattern(struct text v)
{
    size_t at_sign = text_find(v, 0, '@');
    if (at_sign == 0 || at_sign + 1 >= v.n)
        return false;
    for (size_t i = 0; i < v.n; i++)
        if (i != at_sign && !is_word_byte((unsigned char)v.p[i]))
            return false;
    return true;
}

bool msgid_is_valid(struct text value, enum msgid_mode mode)
{
    if (value.n == 0)
        return false;
    const unsigned char *p = (const unsigned char *)value.p;
    struct cursor c = {.p = p, .end = p + value.n, .obsolete = mode == MSGID_RFC};
    switch (mode) {
    case MSGID_RFC:
    case MSGID_STRICT:
        return msg_id(&c);
    case MSGID_SENDMAIL:
        return sendmail_rule(value);
    case MSGID_WORD:
        return word_pattern(text_trim(value));
    }
    return false;
}
