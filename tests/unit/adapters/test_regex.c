#include "core/rules/plugin.h"
#include "tests/unit/lib/rounds.h"
#include "tests/unit/lib/temp_folder.h"

#include <pthread.h>
#include <time.h>

/* The check, compiled for one pattern; with it, what it last said. */
struct tried {
    const struct gp_check *check;
    void *data;
    char why[300];
    int64_t took_ms;
};

static const struct gp_check *regex(void)
{
    const struct gp_check *const *list = gatepost_checks(GP_CHECK_MAJOR);
    assert_non_null(list);
    assert_null(list[1]);
    assert_null(gatepost_checks(GP_CHECK_MAJOR + 1));
    return list[0];
}

/* Returns the place of the error in PATTERN, or -1 if there is none. */
static int compile(struct tried *t, const char *pattern, struct gp_check_error *error)
{
    /* Exactly as long, so that the sanitizer sees one byte too far. */
    const size_t n = strlen(pattern);
    char *copy = malloc(n + 1);
    memcpy(copy, pattern, n);
    struct gp_argument arg = {copy, n};
    *error = (struct gp_check_error){.size = sizeof *error};
    t->check = regex();
    t->data = NULL;
    int failed = t->check->compile(&plugin_silent_host, &arg, 1, &t->data, error);
    free(copy);
    return failed ? (int)error->offset : -1;
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int match(struct tried *t, const char *text, size_t n)
{
    struct gp_facts facts = {.size = sizeof facts, .why = t->why, .why_size = sizeof t->why};
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    const int64_t begun = milliseconds();
    int answer = t->check->match(t->data, &facts, copy, n);
    t->took_ms = milliseconds() - begun;
    free(copy);
    return answer;
}

static int once(const char *pattern, const char *text, size_t n, struct tried *t)
{
    struct gp_check_error error;
    assert_int_equal(compile(t, pattern, &error), -1);
    int answer = match(t, text, n);
    t->check->free(t->data);
    return answer;
}

static void match__expressions__mean_what_they_mean_in_perl(void **state)
{
    static const struct {
        const char *pattern, *text;
        int wanted;
    } rows[] = {
        {"b+", "abbc", 1},
        {"^b+", "abbc", 0},
        {"^abbc$", "abbc", 1},
        {"VIAGRA", "viagra", 0},
        {"(?i)VIAGRA", "viagra", 1},
        {"", "", 1},
        {"(\\d+) \\1", "12 12", 1},
        {"(\\d+) \\1", "12 13", 0},
        {"\\x22", "\"", 1},
        {"(?<=a)b", "ab", 1},
        {"a(*COMMIT)b|c", "ac", 0},
        {"(?C1)a(?C255)b", "ab", 1},
        {"^.$", "\xc3\xa4", 0},
        {"(*UTF)^.$", "\xc3\xa4", 1},
        {"(*UTF)(?i)\xc3\xa4", "\xc3\x84", 1},
        {"(*NO_JIT)b+c", "abbc", 1},
        {"(*NO_START_OPT)b+c", "abbc", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tried t;
        int answer = once(rows[i].pattern, rows[i].text, strlen(rows[i].text), &t);
        if (answer != rows[i].wanted)
            print_error("%s over %s: %d, %s\n", rows[i].pattern, rows[i].text, answer, t.why);
        assert_int_equal(answer, rows[i].wanted);
        assert_string_equal(t.why, answer ? "the pattern is found" : "the pattern is not found");
    }
}

static void compile__mistakes__are_found_where_they_are(void **state)
{
    static const struct {
        const char *pattern;
        int at;
        const char *message;
    } rows[] = {
        {"a(b", 3, "missing closing parenthesis"},
        {"ab[c", 4, "missing terminating ] for character class"},
        {"+", 0, "quantifier does not follow a repeatable item"},
        {"a\\C", 3, "using \\C is disabled by the application"},
        {"(?<n>a)(?<n>b)", 12, "two named subpatterns have the same name"},
        {"((((a{1,65535}){1,65535}){1,65535}){1,65535})", -2, "regular expression is too large"},
        {"(*UTF)\xff", -2, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tried t;
        struct gp_check_error error;
        int at = compile(&t, rows[i].pattern, &error);
        if (rows[i].at != -2 && at != rows[i].at)
            print_error("%s: at %d, %s\n", rows[i].pattern, at, error.message);
        assert_true(rows[i].at == -2 ? at >= 0 : at == rows[i].at);
        assert_memory_equal(error.message, rows[i].message, strlen(rows[i].message));
        assert_null(t.data);
    }
    struct gp_argument two[] = {{"a", 1}, {"b", 1}};
    struct gp_check_error error = {.size = sizeof error};
    void *data = NULL;
    assert_int_equal(regex()->compile(&plugin_silent_host, two, 2, &data, &error), -1);
    assert_int_equal(error.argument, 1);
    assert_int_equal(regex()->compile(&plugin_silent_host, two, 0, &data, &error), -1);
    assert_int_equal(error.argument, 0);
}

/* A text of N bytes C, then TAIL. */
static const char *run_of(char c, size_t n, const char *tail, size_t *size)
{
    static char text[1 << 20];
    assert_true(n + strlen(tail) < sizeof text);
    memset(text, c, n);
    memcpy(text + n, tail, strlen(tail) + 1);
    *size = n + strlen(tail);
    return text;
}

static void match__hostile_texts__end_within_the_limits(void **state)
{
    static const struct {
        const char *pattern;
        char c;
        size_t n;
        const char *tail;
        const char *why;
    } rows[] = {
        {"(a+)+$", 'a', 40, "!", "the pattern needs too many steps over 41 bytes"},
        {"(*NO_JIT)(a+)+$", 'a', 40, "!", "the pattern needs too many steps over 41 bytes"},
        {"(a+)+$", 'a', 60000, "!", "the pattern needs "},
        {"(*NO_JIT)(a+)+$", 'a', 60000, "!", "the pattern needs "},
        {"(a|aa)+$", 'a', 1000, "!", "the pattern needs "},
        {"(*NO_JIT)(a|aa)+$", 'a', 1000, "!", "the pattern needs "},
        {"^(a?){40}(?=b)a{40}$", 'a', 40, "", "the pattern needs "},
        /* Few steps from each place of the text, but very many places. */
        {"\\s+[xy]", ' ', 1000000, "", "the pattern needs more than 100 ms over 1000000 bytes"},
        {"(*NO_JIT)\\s+[xy]", ' ', 1000000, "", "the pattern needs more than 100 ms over 1000000 bytes"},
        {"(*NO_START_OPT).*b", 'a', 1000000, "", "the pattern needs "},
        {"(.*)(.*)(.*)(.*)\\1\\2[yz]", 'a', 100000, "", "the pattern needs "},
        /* A rule file cannot lift the limits. */
        {"(*LIMIT_MATCH=4000000000)(*LIMIT_DEPTH=4000000000)(*LIMIT_HEAP=4000000000)(a+)+$", 'a', 40, "!",
         "the pattern needs too many steps over 41 bytes"},
        {"(*NO_JIT)(*LIMIT_MATCH=4000000000)(*LIMIT_DEPTH=4000000000)(*LIMIT_HEAP=4000000000)(a+)+$", 'a', 40,
         "!", "the pattern needs too many steps over 41 bytes"},
        {"(*LIMIT_MATCH=10)(a+)+$", 'a', 40, "!", "the pattern needs too many steps over 41 bytes"},
        /* Deep recursion. */
        {"(*NO_JIT)^((?:a|b)(?1)?)x", 'a', 900000, "", "the pattern needs too much memory over 900000 bytes"},
        {"^((?:a|b)(?1)?)x", 'a', 900000, "", "the pattern needs too much memory over 900000 bytes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tried t;
        size_t n;
        const char *text = run_of(rows[i].c, rows[i].n, rows[i].tail, &n);
        int answer = once(rows[i].pattern, text, n, &t);
        if (answer != -1 || strncmp(t.why, rows[i].why, strlen(rows[i].why)) != 0)
            print_error("%s: %d, %s, %d ms\n", rows[i].pattern, answer, t.why, (int)t.took_ms);
        assert_int_equal(answer, -1);
        /* Instruments make the steps slower, and which limit is met first another one. */
        assert_memory_equal(t.why, "the pattern needs ", 18);
        if (!getenv("GATEPOST_SLOWNESS"))
            assert_memory_equal(t.why, rows[i].why, strlen(rows[i].why));
        assert_true(t.took_ms < 4000); /* the machine may be busy */
    }
}

static void match__a_long_text_and_an_honest_pattern__is_answered(void **state)
{
    struct tried t;
    size_t n;
    (void)state;
    const char *text = run_of('a', rounds(900000), "zombie", &n);
    assert_int_equal(once("zombie$", text, n, &t), 1);
    assert_int_equal(once("(?i)ZOMBIE|viagra", text, n, &t), 1);
    assert_int_equal(once("zombies", text, n, &t), 0);
    /* More than the 32 KiB that compiled code has. */
    text = run_of('a', rounds(20000), "b", &n);
    assert_int_equal(once("^(?:a|b)+$", text, n, &t), 1);
    assert_int_equal(once("(*NO_JIT)^(?:a|b)+$", text, n, &t), 1);
}

static void match__bytes__are_any(void **state)
{
    struct tried t;
    (void)state;
    assert_int_equal(once("a.b", "a\0b", 3, &t), 1);
    assert_int_equal(once("\\x00", "a\0b", 3, &t), 1);
    assert_int_equal(once("^[\\x80-\\xff]+$", "\xff\xfe\x80", 3, &t), 1);
    /* Text that is not UTF-8, for a pattern that requires it. */
    assert_int_equal(once("(*UTF)a", "a\xff", 2, &t), -1);
    assert_int_equal(once("(*UTF)a", "a\xc3", 2, &t), -1);
    assert_non_null(strstr(t.why, "UTF-8 error"));
    assert_int_equal(once("(*UTF)(*UCP)\\w", "\xed\xa0\x80", 3, &t), -1);
}

static void *match_often(void *context)
{
    const struct tried *shared = context;
    intptr_t wrong = 0;
    for (int i = 0; i < 2000; i++) {
        struct tried t = *shared;
        wrong += match(&t, "EHLO zombie-17", 14) != 1;
        wrong += match(&t, "EHLO mx", 7) != 0;
        if (i % 500 == 0)
            wrong += match(&t, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz!", 38) != -1;
    }
    return (void *)wrong;
}

static void match__many_threads__share_what_is_compiled(void **state)
{
    pthread_t thread[4];
    struct tried t;
    struct gp_check_error error;
    (void)state;
    assert_int_equal(compile(&t, "zombie-\\d+$|(z+)+$", &error), -1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, match_often, &t), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
    t.check->free(t.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(match__expressions__mean_what_they_mean_in_perl),
        cmocka_unit_test(compile__mistakes__are_found_where_they_are),
        cmocka_unit_test(match__hostile_texts__end_within_the_limits),
        cmocka_unit_test(match__a_long_text_and_an_honest_pattern__is_answered),
        cmocka_unit_test(match__bytes__are_any),
        cmocka_unit_test(match__many_threads__share_what_is_compiled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
