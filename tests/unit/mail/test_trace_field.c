#include "core/mail/trace_field.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void trace_field_by__values__the_name_after_by(void **state)
{
    static const struct {
        const char *value, *by;
    } cases[] = {
        {" from a.example by mail.example.com with ESMTP id 1; Fri, 20 Nov 2026 10:00:00 +0000",
         "mail.example.com"},
        {"by mail.example.com; Fri", "mail.example.com"},
        {"BY mail.example.com", "mail.example.com"},
        {"from a (by b [192.0.2.1]) by c (d) with SMTP", "c"},
        {"from a (x (y) \\) by z) by c", "c"},
        {"from by by mail.example.com", "by"},
        {"by mail.example.com;date", "mail.example.com"},
        {"by mail.example.com(Postfix)", "mail.example.com"},
        {"from a; by b", ""},
        {"from a (by b", ""},
        {"from a", ""},
        {"by", ""},
        {"by ", ""},
        {"by;", ""},
        {"", ""},
        {"(", ""},
        {"()", ""},
        {"(\\", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text value = exact(cases[i].value);
        struct text by = trace_field_by(value);
        if (!text_eq(by, text_z(cases[i].by)))
            fail_msg("%s: '%.*s', not '%s'", cases[i].value, (int)by.n, by.p, cases[i].by);
        exact_free(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trace_field_by__values__the_name_after_by)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
