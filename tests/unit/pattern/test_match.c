/* The fast ways through a pattern beside the slow one: the eight-byte search, stars that overlap, long
 * subjects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/pattern/code.h"

static unsigned char code[PATTERN_CODE_MAX];

static size_t compile(const char *source)
{
    struct pattern_error e = {0};
    size_t n = pattern_compile(text_z(source), code, sizeof code, NULL, &e);
    if (!n)
        fail_msg("%s: %zu: %s", source, e.offset, e.message);
    return n;
}

static void pattern_match__needle_at_every_place__found(void **state)
{
    static const char *const needles[] = {"q", "Q", "7", "\x80", "@"};
    static const char fillers[] = {'a', 'p',    'r', '1',
                                   'W', '\x11', '`', ' '}; /* near the needles in their bits */
    (void)state;
    for (size_t k = 0; k < sizeof needles / sizeof *needles; k++) {
        char source[8] = "*";
        strcat(source, needles[k]);
        strcat(source, "*");
        size_t n = compile(source);
        for (size_t size = 1; size < 40; size++) {
            char *text = malloc(size); /* a sanitizer sees a read too far */
            assert_non_null(text);
            for (size_t f = 0; f < sizeof fillers; f++) {
                memset(text, fillers[f], size);
                assert_int_equal(pattern_match(code, n, text_of(text, size)), 0);
                for (size_t at = 0; at < size; at++) {
                    text[at] = needles[k][0];
                    assert_int_equal(pattern_match(code, n, text_of(text, size)), 1);
                    text[at] = fillers[f];
                }
            }
            free(text);
        }
    }
}

/* What the stars and literals of a pattern mean, without any cleverness. */
static int plain(const char *p, const char *s, size_t n)
{
    if (!*p)
        return n == 0;
    if (*p == '*')
        return plain(p + 1, s, n) || (n && plain(p, s + 1, n - 1));
    return n && *p == *s && plain(p + 1, s + 1, n - 1);
}

static void pattern_match__all_short_patterns_and_subjects__as_the_plain_meaning(void **state)
{
    enum { PATTERN = 6, SUBJECT = 7 };
    static const char letters[] = "ab*";
    (void)state;
    for (unsigned number = 0; number < 729; number++) { /* 3 to the sixth */
        char source[PATTERN + 1] = "";
        unsigned rest = number;
        for (size_t i = 0; i < PATTERN; i++, rest /= 3)
            source[i] = letters[rest % 3];
        size_t n = compile(source);
        for (size_t size = 0; size <= SUBJECT; size++)
            for (unsigned bits = 0; bits < 1u << size; bits++) {
                char subject[SUBJECT];
                for (size_t i = 0; i < size; i++)
                    subject[i] = bits >> i & 1 ? 'b' : 'a';
                struct text s = text_of(subject, size);
                int expected = plain(source, subject, size);
                if (pattern_match(code, n, s) != expected || pattern_match_automaton(code, s) != expected)
                    fail_msg("%s on %.*s", source, (int)size, subject);
            }
    }
}

static void pattern_match_prefix__grown_byte_by_byte__never_says_no_to_a_match(void **state)
{
    static const struct {
        const char *pattern, *subject;
    } rows[] = {
        {"*.dyn.example *", "a.dyn.example 203.0.113.9"},
        {"MAIL FROM:<*@bad.example>*", "MAIL FROM:<a@bad.example> SIZE=1"},
        {"*a*b*c", "xxaxxbxxabc"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = compile(rows[i].pattern);
        assert_int_equal(pattern_match(code, n, text_z(rows[i].subject)), 1);
        for (size_t size = 0; size <= strlen(rows[i].subject); size++)
            assert_int_equal(pattern_match_prefix(code, n, text_of(rows[i].subject, size)), 1);
    }
    size_t n = compile("MAIL FROM:<*");
    assert_int_equal(pattern_match_prefix(code, n, TEXT("MAIL T")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_match__needle_at_every_place__found),
        cmocka_unit_test(pattern_match__all_short_patterns_and_subjects__as_the_plain_meaning),
        cmocka_unit_test(pattern_match_prefix__grown_byte_by_byte__never_says_no_to_a_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
