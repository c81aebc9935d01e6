#include "core/mail/domain.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define LABEL_9  "abcdefghi"
#define LABEL_63 LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9
#define NAME_253                                                                                               \
    LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9 "abcdefg"

static void domain_is_qualified__names__needs_two_good_labels(void **state)
{
    static const struct {
        const char *name;
        bool qualified;
    } cases[] = {
        {"mail.example.com", true},
        {"example.com", true},
        {"example.com.", true},
        {"EXAMPLE.COM", true},
        {"a.b", true},
        {"1.a", true},
        {"3com.example", true},
        {"1.2.3.a4", true},
        {"_dmarc.example.com", true},
        {"my_host.example.com", true},
        {"xn--bcher-kva.example", true},
        {"a.xn--p1ai", true},
        {"host.aci.net", true},
        {LABEL_63 ".example", true},
        {NAME_253, true},
        {NAME_253 ".", true},
        {"x" LABEL_63 ".example", false},
        {"x" NAME_253, false},
        {"x." NAME_253, false},
        {"PC1", false},
        {"localhost", false},
        {"localhost.", false},
        {"", false},
        {".", false},
        {"..", false},
        {"a.", false},
        {".a", false},
        {".example.com", false},
        {"example..com", false},
        {"example.com..", false},
        {"-a.example", false},
        {"a-.example", false},
        {"a.example-", false},
        {"a.-b", false},
        {"1.2.3.4", false},
        {"1.2.3.4.", false},
        {"host.123", false},
        {"[1.2.3.4]", false},
        {"a b.example", false},
        {" a.example", false},
        {"a.example ", false},
        {"a.exam\xc3\xa4ple", false},
        {"a,b.example", false},
        {"a.example/", false},
        {"a@b.example", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].name);
        if (domain_is_qualified(t) != cases[i].qualified)
            fail_msg("wrong about '%s'", cases[i].name);
        exact_free(t);
    }
    assert_false(domain_is_qualified(text_of(NULL, 0)));
    assert_false(domain_is_qualified(text_of("a\0b.example", 11)));
}

static void domain_trim__dots_at_the_end__go(void **state)
{
    static const struct {
        const char *name, *trimmed;
    } cases[] = {{"a.b.", "a.b"}, {"a.b", "a.b"},    {".", ""}, {"", ""},
                 {"a..", "a"},    {"a.b...", "a.b"}, {"..", ""}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].name);
        assert_true(text_eq(domain_trim(t), text_z(cases[i].trimmed)));
        exact_free(t);
    }
}

static void domain_parent__labels__takes_the_first_away(void **state)
{
    static const struct {
        const char *name, *parent;
    } cases[] = {{"a.b.c", "b.c"}, {"b.c", "c"}, {"c", ""}, {"", ""}, {"c.", ""}, {".c", "c"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].name);
        assert_true(text_eq(domain_parent(t), text_z(cases[i].parent)));
        exact_free(t);
    }
    assert_int_equal(domain_parent(text_of(NULL, 0)).n, 0);
}

static void domain_in__pattern_with_and_without_dot__means_below_or_itself(void **state)
{
    static const struct {
        const char *name, *pattern;
        bool in;
    } cases[] = {
        {"example.com", "example.com", true},
        {"EXAMPLE.com", "example.COM", true},
        {"example.com.", "example.com", true},
        {"example.com", "example.com.", true},
        {"mail.example.com", "example.com", false},
        {"example.com", ".example.com", true},
        {"mail.example.com", ".example.com", true},
        {"a.b.EXAMPLE.com.", ".example.com", true},
        {"badexample.com", ".example.com", false},
        {"example.com.evil.net", ".example.com", false},
        {"com", ".example.com", false},
        {"xample.com", ".example.com", false},
        {"", "", false},
        {"", ".", false},
        {"example.com", "", false},
        {"example.com", ".", false},
        {".", ".", false},
        {"", ".example.com", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text name = exact(cases[i].name), pattern = exact(cases[i].pattern);
        if (domain_in(name, pattern) != cases[i].in)
            fail_msg("wrong about '%s' in '%s'", cases[i].name, cases[i].pattern);
        exact_free(name);
        exact_free(pattern);
    }
    assert_false(domain_in(text_of(NULL, 0), text_of(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domain_is_qualified__names__needs_two_good_labels),
        cmocka_unit_test(domain_trim__dots_at_the_end__go),
        cmocka_unit_test(domain_parent__labels__takes_the_first_away),
        cmocka_unit_test(domain_in__pattern_with_and_without_dot__means_below_or_itself),
    };
    return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
