/* The index must find exactly the rules that a look at each finds, whatever the patterns and the texts. */
#include "tests/unit/lib/both_ways.h"
#include "tests/unit/lib/exact.h"
#include "tests/unit/lib/memory_files.h"
#include "tests/unit/lib/rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

enum { RULES_TEXT = 1 << 20 };

struct asked {
    struct block *rules;
    struct facts facts;
    struct found each, index;
    uint64_t *words;
};

static void asked_open(struct asked *a, const char *text)
{
    static struct collected problems;
    *a = (struct asked){.rules = load_text(text, NULL, 0, &problems)};
    if (!a->rules)
        print_error("%s", problems.text);
    assert_non_null(a->rules);
    const uint32_t count = block_rule_count(a->rules);
    a->facts.rules = a->rules;
    a->each.numbers = calloc(count + 1, sizeof *a->each.numbers);
    a->index.numbers = calloc(count + 1, sizeof *a->index.numbers);
    a->words = calloc(2 * (size_t)(block_most_rules(a->rules) / 64 + 1), sizeof *a->words);
    assert_true(a->each.numbers && a->index.numbers && a->words);
}

static void asked_close(struct asked *a)
{
    free(a->each.numbers);
    free(a->index.numbers);
    free(a->words);
    block_unref(&a->rules);
}

/* Asks about TEXT both ways. Returns how many rules trigger. */
static uint32_t ask(struct asked *a, enum operation op, struct text text)
{
    struct text t = exact_copy(text);
    struct field field;
    a->facts.field = op >= OP_HEADER && header_split(t, &field) ? &field : NULL;
    found_by_each(a->rules, op, &a->facts, t, &a->each);
    found_by_index(a->rules, op, &a->facts, t, a->words, &a->index);
    if (!found_same(&a->each, &a->index))
        print_error("%u rules trigger, %u were found for: %.*s\n", a->each.n, a->index.n, (int)t.n, t.p);
    assert_true(found_same(&a->each, &a->index));
    a->facts.field = NULL;
    exact_free(t);
    return a->each.n;
}

/* Few letters, so that patterns and texts have much in common. */
static void random_word(struct writer *w, uint64_t *seed, uint32_t most)
{
    static const char letters[] = "aAbBcC@.[1";
    for (uint32_t n = random_below(seed, most + 1); n; n--)
        writer_char(w, letters[random_below(seed, sizeof letters - 1)]);
}

static void random_pattern(struct writer *w, uint64_t *seed)
{
    static const char *const others[] = {"*", "?", "[ab]", "[^c]", "/w", "/W", "/c", "/b", "+", "[B]"};
    const size_t from = w->n;
    if (random_below(seed, 4))
        writer_char(w, '*');
    for (uint32_t n = 1 + random_below(seed, 3); n; n--) {
        random_word(w, seed, 12);
        if (random_below(seed, 3) == 0)
            writer_add(w, text_z(others[random_below(seed, sizeof others / sizeof *others)]));
    }
    if (random_below(seed, 4))
        writer_char(w, '*');
    for (size_t i = from; i < w->n; i++) /* a lone '[' would begin a set */
        if (w->p[i] == '[' && !(i + 2 < w->n && (w->p[i + 2] == ']' || w->p[i + 3] == ']')))
            w->p[i] = '(';
}

static void index__random_patterns_and_texts__finds_what_a_look_at_each_finds(void **state)
{
    static const enum operation ops[] = {OP_HELO, OP_MAIL, OP_RCPT, OP_HEADER, OP_SUBJECT};
    char *text = malloc(RULES_TEXT), line[400];
    uint64_t seed = 20030724;
    uint32_t triggered = 0;
    (void)state;
    assert_non_null(text);
    const unsigned count_of_rounds = 6 + rounds(60);
    for (unsigned round = 0; round < count_of_rounds; round++) {
        struct writer w = writer_on(text, RULES_TEXT);
        struct asked a;
        /* From a single rule over more than a word of bits to many. */
        const uint32_t count = 1 + random_below(&seed, round % 6 == 5 ? 3000 : round % 2 ? 200 : 12);
        /* Sometimes every pattern has a long literal: then a text is looked at in strides. */
        const bool all_long = random_below(&seed, 2);
        for (uint32_t i = 0; i < count; i++) {
            writer_printf(&w, "%s, %s\"", operation_name[ops[random_below(&seed, 5)]],
                          random_below(&seed, 30) == 0 && !all_long ? "not " : "");
            if (all_long) {
                writer_char(&w, '*');
                random_word(&w, &seed, 4);
                writer_add(&w, TEXT("abcabca"));
                random_word(&w, &seed, 2);
                writer_char(&w, '*');
                for (size_t k = w.n; w.p[k] != '"'; k--)
                    if (w.p[k] == '[')
                        w.p[k] = '(';
            } else {
                random_pattern(&w, &seed);
            }
            writer_add(&w, TEXT("\", log\n"));
        }
        assert_false(w.cut);
        asked_open(&a, text);
        for (int n = 0; n < 60; n++) {
            struct writer l = writer_on(line, sizeof line);
            if (random_below(&seed, 2))
                writer_add(&l, TEXT("A.1: "));
            for (uint32_t words = random_below(&seed, 5); words; words--) {
                random_word(&l, &seed, 20);
                if (random_below(&seed, 3) == 0)
                    writer_add(&l, TEXT("abcabcabca"));
                if (random_below(&seed, 3) == 0)
                    writer_char(&l, ' ');
            }
            for (size_t op = 0; op < sizeof ops / sizeof *ops; op++)
                triggered += ask(&a, ops[op], writer_text(&l));
        }
        asked_close(&a);
    }
    /* The test tests something. */
    assert_true(triggered > count_of_rounds);
    free(text);
}

static void index__every_place_in_the_text__is_looked_at(void **state)
{
    struct asked a;
    char line[80];
    (void)state;
    for (size_t n = 1; n <= 20; n++) {
        char rule[100] = "helo, \"*abcdefghijklmnopqrst";
        strcpy(rule + 8 + n, "*\", log\n"); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): it fits */
        asked_open(&a, rule);
        for (size_t at = 0; at + n <= 60; at++)
            for (size_t behind = 0; behind < 6; behind++) {
                memset(line, '-', sizeof line);
                memcpy(line + at, "abcdefghijklmnopqrst", n);
                assert_int_equal(ask(&a, OP_HELO, text_of(line, at + n + behind)), 1);
            }
        asked_close(&a);
    }
}

static void index__letters_of_either_case__are_found(void **state)
{
    struct asked a;
    (void)state;
    asked_open(&a, "helo, \"*Sugar@Example.COM*\", log\nhelo, \"*/cZombie*\", log\n"
                   "helo, \"*ABCD[eE]fgh*\", log\nhelo, \"*\xc4\xd6\xdc\xe4\xf6\xfc*\", log\n");
    assert_int_equal(ask(&a, OP_HELO, TEXT("EHLO sUGAR@eXAMPLE.com")), 1);
    assert_int_equal(ask(&a, OP_HELO, TEXT("EHLO Zombie")), 1);
    assert_int_equal(ask(&a, OP_HELO, TEXT("EHLO ZOMBIE")), 0);
    assert_int_equal(ask(&a, OP_HELO, TEXT("EHLO abcdEFGH")), 1);
    assert_int_equal(ask(&a, OP_HELO, TEXT("EHLO \xc4\xd6\xdc\xe4\xf6\xfc")), 1);
    /* Bytes that differ from letters in one bit are other bytes. */
    assert_int_equal(ask(&a, OP_HELO, TEXT("EHLO sugar`example.com")), 0);
    assert_int_equal(ask(&a, OP_HELO, TEXT("EHLO \xe4\xf6\xfc\xe4\xf6\xfc")), 0);
    assert_int_equal(ask(&a, OP_HELO, TEXT("")), 0);
    assert_int_equal(ask(&a, OP_HELO, TEXT("abc")), 0);
    asked_close(&a);
}

static void index__more_than_64_rules__the_lowest_line_comes_first(void **state)
{
    static char text[20000];
    struct writer w = writer_on(text, sizeof text);
    struct asked a;
    (void)state;
    for (int i = 0; i < 200; i++)
        writer_printf(&w, "helo, \"*zombie%d*\", log\n%s", i % 100, i == 150 ? "helo, not \"*.*\", log\n" : "");
    writer_add(&w, TEXT("helo, \"*ombie*\", log\n"));
    asked_open(&a, text);
    assert_int_equal(ask(&a, OP_HELO, TEXT("EHLO zombie77")), 2 * 2 + 1 + 1); /* 7, 77, twice; not; ombie */
    const uint32_t wanted[] = {7, 77, 107, 151, 178, 201};
    assert_memory_equal(a.index.numbers, wanted, sizeof wanted);
    for (int i = 0; i < 100; i++) {
        char line[40];
        snprintf(line, sizeof line, "EHLO a.zombie%d", i);
        ask(&a, OP_HELO, text_z(line));
        assert_int_equal(a.index.numbers[0], i < 10 ? i : i / 10);
    }
    asked_close(&a);
}

static void index__all__makes_every_rule_a_candidate(void **state)
{
    static char text[20000];
    struct writer w = writer_on(text, sizeof text);
    struct asked a;
    struct candidates c;
    (void)state;
    for (int i = 0; i < 130; i++)
        writer_printf(&w, "helo, \"*zombie%d*\", log\nmail, \"*x%d*\", log\n", i, i);
    asked_open(&a, text);
    assert_true(index_find(a.rules, block_matcher(a.rules, OP_HELO), TEXT("x"), true, a.words, &c));
    for (uint32_t i = 0; i < 130; i++)
        assert_int_equal(index_next(&c), 2 * i);
    assert_int_equal(index_next(&c), UINT32_MAX);
    assert_false(index_find(a.rules, block_matcher(a.rules, OP_HELO), TEXT("x"), false, a.words, &c));
    assert_false(index_find(a.rules, block_matcher(a.rules, OP_RCPT), TEXT("x"), true, a.words, &c));
    asked_close(&a);
}

static void index__header_rules__are_filed_under_their_field(void **state)
{
    struct asked a;
    (void)state;
    asked_open(&a, "header, \"X-Mailer:*bulk*\", log\n"     /* 0 */
                   "header, \"*bulk*\", log\n"              /* 1 */
                   "header, \"x-mailer: The*\", log\n"      /* 2 */
                   "header, \"X-[mM]ailer:*bulk*\", log\n"  /* 3: begins with no whole name */
                   "header, not \"X-Mailer:*bulk*\", log\n" /* 4: about every field */
                   "header, \"X-Mailer*\", log\n"           /* 5 */
                   "header, \"/cX-Mailer:*Bulk*\", log\n"   /* 6 */
                   "header, \"Subject:*\", log\n"           /* 7 */
                   "header, \"Subject :*\", log\n");        /* 8 */
    static const struct {
        const char *line;
        uint32_t n, wanted[8];
    } rows[] = {
        {"X-Mailer: The Bulk", 6, {0, 1, 2, 3, 5, 6}},
        {"x-MAILER: the bulk", 5, {0, 1, 2, 3, 5}},
        {"X-Mailer-2: bulk", 3, {1, 4, 5}},
        {"Subject: bulk", 3, {1, 4, 7}},
        {"Subject : bulk", 3, {1, 4, 8}},
        {"Other: none", 1, {4}},
        {"X-Mailer:", 2, {4, 5}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t n = ask(&a, OP_HEADER, text_z(rows[i].line));
        if (n != rows[i].n || memcmp(a.index.numbers, rows[i].wanted, n * sizeof(uint32_t)) != 0)
            print_error("%s: %u\n", rows[i].line, n);
        assert_int_equal(n, rows[i].n);
        assert_memory_equal(a.index.numbers, rows[i].wanted, n * sizeof(uint32_t));
    }
    asked_close(&a);
}

static void index__subject__is_found_by_the_value_alone(void **state)
{
    struct asked a;
    (void)state;
    asked_open(&a, "subject, \"cheap viagra\", log\nsubject, \"Subject: cheap viagra\", log\n"
                   "subject, \"*viagra\", log\n");
    assert_int_equal(ask(&a, OP_SUBJECT, TEXT("Subject: Cheap Viagra")), 3);
    assert_int_equal(ask(&a, OP_SUBJECT, TEXT("Subject:  cheap viagra ")), 2);
    assert_int_equal(ask(&a, OP_SUBJECT, TEXT("Subject: very cheap viagra")), 1);
    asked_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index__random_patterns_and_texts__finds_what_a_look_at_each_finds),
        cmocka_unit_test(index__every_place_in_the_text__is_looked_at),
        cmocka_unit_test(index__letters_of_either_case__are_found),
        cmocka_unit_test(index__more_than_64_rules__the_lowest_line_comes_first),
        cmocka_unit_test(index__all__makes_every_rule_a_candidate),
        cmocka_unit_test(index__header_rules__are_filed_under_their_field),
        cmocka_unit_test(index__subject__is_found_by_the_value_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
