#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "core/base/writer.h"
#include "core/pattern/code.h"

static unsigned char code[PATTERN_CODE_MAX];

static size_t compile(struct text source)
{
    struct pattern_error e = {0};
    size_t n = pattern_compile(source, code, sizeof code, NULL, &e);
    if (!n)
        fail_msg("%.*s: %zu: %s", (int)source.n, source.p, e.offset, e.message);
    assert_true(pattern_is_sound(code, n));
    return n;
}

/* Copied without a NUL behind it, so that a sanitizer sees a read too far. */
static int match(struct text source, struct text subject)
{
    size_t n = compile(source);
    unsigned char *own = malloc(n ? n : 1);
    char *text = malloc(subject.n ? subject.n : 1);
    memcpy(own, code, n);
    memcpy(text, subject.p, subject.n);
    struct text s = text_of(text, subject.n);
    int result = pattern_match(own, n, s);
    assert_int_equal(result, pattern_match_automaton(own, s));
    if (code[1] & CODE_IS_GLOB)
        assert_int_equal(result, pattern_match_glob(own, s));
    for (size_t k = 0; result && k <= s.n; k++)
        assert_int_equal(pattern_match_prefix(own, n, text_of(text, k)), 1);
    free(own);
    free(text);
    return result;
}

static void pattern_match__cases__as_documented(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *subject;
        int expected;
    } cases[] = {
        /* literals, anchors, letter case */
        {"", "", 1},
        {"", "a", 0},
        {"abc", "abc", 1},
        {"abc", "ABC", 1},
        {"abc", "abcd", 0},
        {"abc", "xabc", 0},
        {"a.c", "abc", 0},
        {"a-c(d)$^", "A-C(D)$^", 1},
        {"\xc3\xa9", "\xc3\xa9", 1},
        {"\xc3\xa9", "\xc3\x89", 0},
        /* stars */
        {"*", "", 1},
        {"*", "anything at all", 1},
        {"**", "", 1},
        {"a*", "a", 1},
        {"a*", "b", 0},
        {"*a", "bba", 1},
        {"*a", "bab", 0},
        {"a*a", "a", 0},
        {"a*a", "aa", 1},
        {"a*b*c", "axxbyyc", 1},
        {"a*b*c", "axxcyyb", 0},
        {"*.*", "EHLO mail.example.com", 1},
        {"*.*", "EHLO localhost", 0},
        {"*.*", ".", 1},
        {"*ab*ab*", "xabx", 0},
        {"*ab*ab*", "abab", 1},
        {"*aab", "aaaab", 1},
        {"*aab*aab", "aaaab", 0},
        {"*mail.example.com*", "HELO MAIL.EXAMPLE.COM", 1},
        {"*mail.example.com*", "HELO mail.example.co", 0},
        {"*sugar@example.com*", "RCPT TO:<Sugar@Example.com>", 1},
        {"?*", "", 0},
        {"?*", "a", 1},
        {"*?", "", 0},
        {"*?x", "x", 0},
        {"*?x", "ax", 1},
        {"[0-9]*", "1abc", 1},
        {"[0-9]*", "abc", 0},
        /* any one */
        {"?", "", 0},
        {"?", "\n", 1},
        {"a?c", "abc", 1},
        {"a?c", "ac", 0},
        {"[heHE][heHE]LO laptop01??*", "EHLO laptop0123.lan", 1},
        {"[heHE][heHE]LO laptop01??*", "EHLO laptop012", 0},
        /* sets */
        {"[abc]", "B", 1},
        {"[abc]", "d", 0},
        {"[a-k]x", "kX", 1},
        {"[a-k]x", "lx", 0},
        {"[a-d1-4]", "3", 1},
        {"[a-d1-4]", "5", 0},
        {"[^abc]", "d", 1},
        {"[^abc]", "A", 0},
        {"[^abc]", "", 0},
        {"[]]", "]", 1},
        {"[]a]", "]", 1},
        {"[^]a]", "]", 0},
        {"[^]a]", "b", 1},
        {"[-a]", "-", 1},
        {"[a-]", "-", 1},
        {"[a-]", "b", 0},
        {"[^-a]", "-", 0},
        {"[a-c-e]", "-", 1},
        {"[a-c-e]", "d", 0},
        {"[--/]", ".", 1},
        {"[a^]", "^", 1},
        {"[/w]", "/", 1},
        {"[/w]", "w", 1},
        {"[/w]", " ", 0},
        {"[*]", "*", 1},
        {"[*]", "a", 0},
        {"x[?]", "x?", 1},
        {"[+]+", "+++", 1},
        {"[[]", "[", 1},
        {"[\x80-\xff]", "\xe9", 1},
        /* one or more */
        {"[0-9]+", "", 0},
        {"[0-9]+", "0123456789", 1},
        {"[0-9]+", "012a", 0},
        {"ab+c", "abbbc", 1},
        {"ab+c", "ac", 0},
        {"a +b", "a   b", 1},
        {"a+a", "a", 0},
        {"a+a", "aaa", 1},
        {"a+a+a+", "aa", 0},
        {"?+", "", 0},
        {"?+", "abc", 1},
        {"a?+b", "ab", 0},
        {"a?+b", "axyb", 1},
        {"*+", "", 1},
        {"a*+b", "ab", 1},
        {"a++", "aa", 1},
        {"a++", "a+", 0},
        {"+", "+", 1},
        {"+a", "+a", 1},
        {"++", "+++", 1},
        {"/c+a", "+a", 1},
        {"a/c+", "aaa", 1},
        {"/w+a", "  a", 1},
        {"/W+a", "a", 0},
        {"/b+ab", "ab", 1},
        {"[EHeh][EHeh]LO +[0-9]+.[0-9]+.[0-9]+.[0-9]*", "EHLO  192.0.2.17", 1},
        {"[EHeh][EHeh]LO +[0-9]+.[0-9]+.[0-9]+.[0-9]*", "EHLO [192.0.2.17]", 0},
        /* white space */
        {"a/wb", "ab", 1},
        {"a/wb", "a \t\r\nb", 1},
        {"a/wb", "axb", 0},
        {"a/Wb", "ab", 0},
        {"a/Wb", "a b", 1},
        {"/w", "", 1},
        {"/W", "", 0},
        {"/w/W/w", "  ", 1},
        {"/W/W", " ", 0},
        /* letter case */
        {"a/cB", "AB", 1},
        {"a/cB", "Ab", 0},
        {"a/cB/cc", "aBC", 1},
        {"/c[a-c]", "B", 0},
        {"/c[^a-c]", "B", 1},
        {"Subject:/c*FREE!*", "SUBJECT: get it FREE!", 1},
        {"Subject:/c*FREE!*", "Subject: get it free!", 0},
        {"/c*CONGRATULATIONS*WON*", "CONGRATULATIONS, you WON!", 1},
        /* white space ignored */
        {"/sabc", " a b\tc ", 1},
        {"/sabc/s", " a b\tc ", 0},
        {"/sabc/s", " a b\tc", 1},
        {"/sab/sc", "a bc", 1},
        {"/sab/sc", "a b c", 0},
        {"x/sab", "x a b", 1},
        {"x/sab", " xab", 0},
        {"/sa?c", "a b c", 1},
        {"/sa?c", "a c", 0},
        {"/sa[^b]c", "a c", 0},
        {"/sa c", "a c", 0},
        {"/sa/wc", "a c", 1},
        {"/sa/Wc", "a c", 0},
        {"/sa+", "a a a", 1},
        {"/s*", "  ", 1},
        {"/s", "  ", 1},
        {"/s", " x", 0},
        /* what is no letter or digit ignored */
        {"/xviagra", "V-i.a_g*r@a!", 1},
        {"*/xviagra/x*", "buy v.i.a.g.r.a now", 1},
        {"*/xviagra/x*", "buy v.i.x.a.g.r.a now", 0},
        {"/xa@b", "a@b", 0},
        {"/Xa@b", "a.@-b", 1},
        {"/Xa@b", "a-b", 0},
        {"/Xa|b", " a | b ", 1},
        {"/xab",
         "a\xc3\xa9"
         "b",
         1},
        {"/x/Xab", "a@b", 1},
        {"/x/sab", "a - b", 1},
        {"/x/xab", "a-b", 0},
        /* word boundaries */
        {"*/bcat/B*", "the cat sat", 1},
        {"*/bcat/B*", "concatenate", 0},
        {"*/bcat/B*", "cat", 1},
        {"*/bcat*", "a catalogue", 1},
        {"*cat/B*", "a bobcat!", 1},
        {"*/bcat/B*", "my_cat", 0},
        {"*/bcat/B*",
         "\xc3\xa9"
         "cat",
         0},
        {"/b*", "cat", 1},
        {"/b*", " cat", 0},
        {"/b", "", 0},
        {"/B", "", 0},
        {"a/ba", "aa", 0},
        {"/sfoo/bbar", "foo bar", 1},
        {"/sfoo/bbar", "foobar", 0},
        /* a slash that is only a slash */
        {"/q", "/q", 1},
        {"/", "/", 1},
        {"a/", "A/", 1},
        {"//", "//", 1},
        {"http://*", "http://x", 1},
        {"/*", "/x", 1},
        {"//w", "/ ", 1},
        {"1/24", "1/24", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (match(text_z(cases[i].pattern), text_z(cases[i].subject)) != cases[i].expected)
            fail_msg("\"%s\" on \"%s\": expected %d", cases[i].pattern, cases[i].subject, cases[i].expected);
    }
}

static void pattern_match__bytes_of_every_value__taken(void **state)
{
    (void)state;
    assert_int_equal(match(TEXT("a\0b"), TEXT("A\0B")), 1);
    assert_int_equal(match(TEXT("a?b"), TEXT("a\0b")), 1);
    assert_int_equal(match(TEXT("[\0-\x05]+"), TEXT("\0\1\2\3")), 1);
    assert_int_equal(match(TEXT("*\0*"), TEXT("abc")), 0);
    for (unsigned c = 0; c < 256; c++) {
        char b = (char)c;
        assert_int_equal(match(TEXT("?"), text_of(&b, 1)), 1);
        assert_int_equal(match(TEXT("[^a]"), text_of(&b, 1)), (c | 0x20) != 'a');
    }
}

static void pattern_compile__wrong_source__offset_of_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        size_t offset;
        const char *part;
    } cases[] = {
        {"abc[", 3, "']'"},        {"[abc", 0, "']'"},         {"x[]", 1, "']'"},
        {"[^]", 0, "']'"},         {"a[z-a]", 2, "backwards"}, {"[a-c9-0]", 4, "backwards"},
        {"[a--]", 1, "backwards"}, {"[^\x01-\xff", 0, "']'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pattern_error e = {0};
        assert_int_equal(pattern_compile(text_z(cases[i].source), code, sizeof code, NULL, &e), 0);
        assert_int_equal(e.offset, cases[i].offset);
        assert_non_null(strstr(e.message, cases[i].part));
    }
    struct pattern_error e = {0};
    assert_int_equal(pattern_compile(TEXT("x[^\0-\xff]"), code, sizeof code, NULL, &e), 0);
    assert_int_equal(e.offset, 1);
    assert_int_equal(pattern_compile(TEXT("abc"), code, 10, NULL, &e), 0);
}

static void pattern_compile__longest_source__fits(void **state)
{
    (void)state;
    static const char *const units[] = {"[ab]", "a", "/W", "*?", "[^x]+", "/b"};
    static char source[PATTERN_SOURCE_MAX + 1];
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        for (size_t i = 0; i < PATTERN_SOURCE_MAX; i++)
            source[i] = 'a';
        size_t n = strlen(units[u]);
        for (size_t i = 0; i + n <= PATTERN_SOURCE_MAX; i += n)
            memcpy(source + i, units[u], n);
        compile(text_of(source, PATTERN_SOURCE_MAX));
        struct pattern_error e = {0};
        assert_int_equal(pattern_compile(text_of(source, PATTERN_SOURCE_MAX + 1), code, sizeof code, NULL, &e),
                         0);
        assert_int_equal(e.offset, PATTERN_SOURCE_MAX);
    }
}

static void pattern_compile__odd_but_legal__noted(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        struct pattern_notes notes;
    } cases[] = {
        {"a+", {0}},
        {"+a", {.literal_plus = 1}},
        {"/c+a", {.literal_plus = 3}},
        {"a/q", {.unknown_slash = 2}},
        {"a/", {.unknown_slash = 2}},
        {"http://e", {.unknown_slash = 7}},
        {"1.2.3.0/24", {0}},
        {"/sbuy now", {.hidden = 6}},
        {"/sbuy/s now", {0}},
        {"/xa@b", {.hidden = 4}},
        {"/Xa@b", {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pattern_notes notes;
        struct pattern_error e;
        assert_true(pattern_compile(text_z(cases[i].source), code, sizeof code, &notes, &e) > 0);
        assert_int_equal(notes.literal_plus, cases[i].notes.literal_plus);
        assert_int_equal(notes.unknown_slash, cases[i].notes.unknown_slash);
        assert_int_equal(notes.hidden, cases[i].notes.hidden);
    }
}

static void pattern_match_prefix__beginnings__whether_anything_can_follow(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *prefix;
        int expected;
    } cases[] = {
        {"HELO *", "EHLO ", 0},   {"EHLO *", "EHLO ", 1}, {"*", "EHLO ", 1}, {"[EH][EH]LO *", "HELO ", 1},
        {"Subject:*", "subj", 1}, {"ab", "ab", 1},        {"ab", "abc", 0},  {"", "", 1},
        {"/sab", "a ", 1},        {"/bx", " ", 0},        {"a/Wb", "a ", 1}, {"*x", "Received:", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = compile(text_z(cases[i].pattern));
        if (pattern_match_prefix(code, n, text_z(cases[i].prefix)) != cases[i].expected)
            fail_msg("\"%s\" after \"%s\"", cases[i].pattern, cases[i].prefix);
    }
}

static void collect(void *context, struct text folded)
{
    struct writer *w = context;
    writer_printf(w, "<%.*s>", (int)folded.n, folded.p);
}

static void pattern_literals__cases__runs_of_every_match(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *runs;
    } cases[] = {
        {"*Mail.Example.com*", "<mail.example.com>"},
        {"ab*cd?ef", "<ab><cd><ef>"},
        {"ab+c", "<ab><bc>"},
        {"ab+", "<ab>"},
        {"b+c", "<bc>"},
        {"a*b", ""},
        {"a[.]b", "<a.b>"},
        {"a[eE]b", "<aeb>"},
        {"a[ef]b", ""},
        {"aa[ef]bb", "<aa><bb>"},
        {"ab/cCD", "<abcd>"},
        {"ab/sCD/sef", "<ab><ef>"},
        {"ab/Bcd", "<abcd>"},
        {"ab/Wcd", "<ab><cd>"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char memory[200];
        struct writer w = writer_on(memory, sizeof memory);
        size_t n = compile(text_z(cases[i].pattern));
        pattern_literals(code, n, collect, &w);
        assert_string_equal(memory, cases[i].runs);
    }
}

static void pattern_prefix__cases__fixed_beginning(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *prefix;
    } cases[] = {
        {"Subject: *x", "subject: "},
        {"*a", ""},
        {"ab+c", "ab"},
        {"a[bB]c", "abc"},
        {"a[bc]", "a"},
        {"/sabc", ""},
        {"a/sbc", "a"},
        {"/babc", "abc"},
        {"abcdefghijklm", "abcdefghij"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[11] = "";
        size_t n = compile(text_z(cases[i].pattern));
        size_t got = pattern_prefix(code, n, out, 10);
        assert_int_equal(got, strlen(cases[i].prefix));
        assert_memory_equal(out, cases[i].prefix, got);
    }
}

static void pattern_is_search__cases__only_plain_ones(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *literal;
        bool all;
    } cases[] = {
        {"*Sugar@x*", "sugar@x", false},
        {"*[.]*", ".", false},
        {"*", "", true},
        {"***", "", true},
        {"*+", "", true},
        {"a*", "", false},
        {"*a?b*", "", false},
        {"*/cab*", "", false},
        {"*/c1.2*", "1.2", false},
        {"*a+*", "", false},
        {"*/sab*", "", false},
        {"*12345678901*", "", false},
        {"", "", false},
        {"*ab", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[10];
        size_t n = compile(text_z(cases[i].pattern));
        size_t got = pattern_is_search(code, n, out, sizeof out);
        assert_int_equal(got, strlen(cases[i].literal));
        assert_memory_equal(out, cases[i].literal, got);
        assert_int_equal(pattern_matches_all(code, n), cases[i].all);
    }
}

static void pattern_is_sound__every_byte_changed__refused_or_safe_to_run(void **state)
{
    (void)state;
    static const char *const sources[] = {"*ab?[a-k]+c*", "/sab/wc/b[^x]/x", "", "*.*", "[a-c][d-f][^g]"};
    for (size_t s = 0; s < sizeof sources / sizeof *sources; s++) {
        size_t n = compile(text_z(sources[s]));
        unsigned char *copy = malloc(n ? n : 1);
        for (size_t cut = 0; cut < n; cut++) {
            unsigned char *shorter = malloc(cut ? cut : 1);
            memcpy(shorter, code, cut);
            assert_false(pattern_is_sound(shorter, cut));
            free(shorter);
        }
        for (size_t at = 0; at < n; at++)
            for (unsigned flip = 1; flip < 256; flip++) {
                memcpy(copy, code, n);
                copy[at] ^= (unsigned char)flip;
                if (pattern_is_sound(copy, n)) {
                    int m = pattern_match(copy, n, TEXT("abxkkc d"));
                    assert_int_equal(m, pattern_match_automaton(copy, TEXT("abxkkc d")));
                }
            }
        free(copy);
    }
}

/* Patterns made to be slow, the longest there can be, on a long subject. The bound is generous; backtracking
 * would take years. */
static void pattern_match__hostile_pattern__time_bounded(void **state)
{
    (void)state;
    static const char *const units[] = {"*a", "a+", "*a+", "?+", "/w*a", "[ab]+", "*[ab]+?", "/x*a/x"};
    static char source[PATTERN_SOURCE_MAX], subject[8000];
    memset(subject, 'a', sizeof subject);
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        size_t n = strlen(units[u]), used = 0;
        for (; used + n + 1 <= sizeof source; used += n)
            memcpy(source + used, units[u], n);
        source[used++] = 'b';
        size_t size = compile(text_of(source, used));
        clock_t begin = clock();
        assert_int_equal(pattern_match(code, size, text_of(subject, sizeof subject)), 0);
        assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 2.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_match__cases__as_documented),
        cmocka_unit_test(pattern_match__bytes_of_every_value__taken),
        cmocka_unit_test(pattern_compile__wrong_source__offset_of_what_is_wrong),
        cmocka_unit_test(pattern_compile__longest_source__fits),
        cmocka_unit_test(pattern_compile__odd_but_legal__noted),
        cmocka_unit_test(pattern_match_prefix__beginnings__whether_anything_can_follow),
        cmocka_unit_test(pattern_literals__cases__runs_of_every_match),
        cmocka_unit_test(pattern_prefix__cases__fixed_beginning),
        cmocka_unit_test(pattern_is_search__cases__only_plain_ones),
        cmocka_unit_test(pattern_is_sound__every_byte_changed__refused_or_safe_to_run),
        cmocka_unit_test(pattern_match__hostile_pattern__time_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
