#include "maker.h"

#include "core/base/scan.h"
#include "core/config/reply.h"

/* The words of an exemption: gatepost.conf(5), OPERATIONS, and the three words that are not operations. */
static const struct text words[] = {
    {"connect", 7}, {"helo", 4},        {"helo-deferred", 13}, {"mail", 4}, {"rcpt", 4}, {"header", 6},
    {"subject", 7}, {"message-id", 10}, {"headers", 7},        {"all", 3},  {"none", 4}, {"blocklist", 9},
};

enum { WORDS = sizeof words / sizeof *words, WORD_ALL = 9, WORD_NONE = 10 };

static const char *const kind_name[] = {
    [KIND_EXEMPT] = "exemptions",
    [KIND_BLOCK] = "replies",
    [KIND_TRAP] = "traps",
    [KIND_SET] = "keys without values",
};

static bool separates(char c)
{
    return is_blank((unsigned char)c) || c == ',';
}

static void unknown_word(struct maker *m, struct text word)
{
    struct scan_near near = scan_near(word);
    for (unsigned i = 0; i < WORDS; i++)
        scan_near_try(&near, words[i].p);
    if (near.name)
        maker_problem(m, word, "unknown operation '%.*s'; did you mean '%s'?", (int)(word.n < 40 ? word.n : 40),
                      word.p, near.name);
    else
        maker_problem(m, word,
                      "unknown operation '%.*s'; there are connect, helo, helo-deferred, mail, rcpt, header, "
                      "subject, message-id, headers, and all, none, blocklist",
                      (int)(word.n < 40 ? word.n : 40), word.p);
}

/* "Headers, message-id" as the bits of its words; 0 if something is wrong, which was reported. */
static unsigned read_words(struct maker *m, struct text value)
{
    unsigned found = 0;
    bool wrong = false;
    for (size_t at = 0; at < value.n;) {
        size_t end = at;
        while (end < value.n && !separates(value.p[end]))
            end++;
        struct text word = text_of(value.p + at, end - at);
        unsigned i = 0;
        while (i < WORDS && !text_eq_nocase(word, words[i]))
            i++;
        if (i < WORDS) {
            found |= 1u << i;
        } else if (word.n) {
            unknown_word(m, word);
            wrong = true;
        }
        at = end + 1;
    }
    unsigned alone = found & (1u << WORD_ALL | 1u << WORD_NONE);
    if (!wrong && ((alone && found != alone) || alone == (1u << WORD_ALL | 1u << WORD_NONE))) {
        maker_problem(m, value, "'all' and 'none' cannot be combined with other words");
        wrong = true;
    }
    return wrong ? 0 : found;
}

static void add_exemption(struct maker *m, struct text key, struct text value)
{
    char memory[128];
    struct writer w = writer_on(memory, sizeof memory);
    unsigned found = read_words(m, value);
    for (unsigned i = 0; i < WORDS; i++)
        if (found & 1u << i) {
            writer_add(&w, w.n ? TEXT(" ") : TEXT(""));
            writer_add(&w, words[i]);
        }
    if (found)
        maker_add(m, key, writer_text(&w));
}

static void add_block(struct maker *m, struct text key, struct text value)
{
    if (!reply_has_code(value))
        maker_problem(
            m, value.n ? value : key,
            "a block table needs a reply of 500 bytes at most that begins with a 4xx or 5xx code, such as "
            "'550 5.7.1 Access denied'");
    else if (text_ends_nocase(key, TEXT("/0")))
        maker_problem(m, key, "this would refuse everybody");
    else
        maker_add(m, key, value);
}

static void add_key(struct maker *m, struct text key, struct text value)
{
    if (value.n && m->kind == KIND_TRAP)
        maker_problem(m, value, "a trap has no value");
    else if (m->kind == KIND_TRAP && !text_starts_nocase(key, table_tag_prefix[TAG_TO]))
        maker_problem(m, key, "a trap is a recipient: write 'to:' before it");
    else
        maker_add(m, key, value);
}

static enum table_kind kind_of(struct text value)
{
    if (value.n == 0)
        return KIND_SET;
    return is_digit((unsigned char)value.p[0]) ? KIND_BLOCK : KIND_EXEMPT;
}

/* Takes the first word; a quoted local part may have blanks. */
static struct text take_key(struct text *rest)
{
    bool quoted = false;
    size_t n = 0;
    for (; n < rest->n && (quoted || !is_blank((unsigned char)rest->p[n])); n++) {
        if (rest->p[n] == '"')
            quoted = !quoted;
        else if (rest->p[n] == '\\' && quoted && n + 1 < rest->n)
            n++;
    }
    struct text key = text_of(rest->p, n);
    *rest = text_trim(text_skip(*rest, n));
    return key;
}

/* A '#' after a blank begins a comment, except in a reply, where it is text as in the rule file. */
static struct text without_comment(struct text value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '#' && (i == 0 || is_blank((unsigned char)value.p[i - 1])))
            return text_trim(text_of(value.p, i));
    return value;
}

void table_text_line(struct maker *m, struct text line)
{
    struct text value = text_trim(line);
    if (value.n == 0 || value.p[0] == '#')
        return;
    struct text key = take_key(&value);
    if (!reply_has_code(value) && m->kind != KIND_BLOCK)
        value = without_comment(value);
    enum table_kind kind = m->job->kind ? m->job->kind : kind_of(value);
    if (!m->kind) {
        m->kind = kind;
        m->kind_line = m->line;
    }
    if (kind != m->kind) {
        maker_problem(m, value.n ? value : key, "%s, but line %u has %s: one file makes one table",
                      kind_name[kind], m->kind_line, kind_name[m->kind]);
        return;
    }
    if (kind == KIND_EXEMPT && value.n)
        add_exemption(m, key, value);
    else if (kind == KIND_EXEMPT)
        maker_problem(m, key, "the exemptions are missing: operations, 'all', 'none' or 'blocklist'");
    else if (kind == KIND_BLOCK)
        add_block(m, key, value);
    else
        add_key(m, key, value);
}
