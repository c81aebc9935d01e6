#include "core/engine/late_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void late_log__full__drops_what_does_not_fit(void **state)
{
    struct late_log log = {.n = 0};
    char line[1001];
    (void)state;
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (int i = 0; i < 10; i++)
        late_log_add(&log, GP_LOG_ERROR, line);
    assert_true(log.n <= sizeof log.lines);
    assert_int_equal(log.n, 4 * 1002);
    late_log_add(&log, GP_LOG_NOTICE, "short\tand\x01\x7f\n");
    assert_string_equal(log.lines + (size_t)4 * 1002, "2short and???");
    late_log_add(NULL, GP_LOG_ERROR, "nobody listens");
}

struct lines {
    unsigned n;
    enum gp_log_level level[2];
    char text[2][20];
};

static void take_line(void *context, enum gp_log_level level, const char *line)
{
    struct lines *l = context;
    assert_true(l->n < 2);
    l->level[l->n] = level;
    strcpy(l->text[l->n++], line);
}

static void late_log__flushed__in_order_and_once(void **state)
{
    struct late_log log;
    struct lines lines = {0};
    (void)state;
    late_log_init(&log);
    late_log_add(&log, GP_LOG_NOTICE, "first");
    late_log_add(&log, GP_LOG_ERROR, "second");
    for (int i = 0; i < 2; i++)
        late_log_flush(&log, take_line, &lines);
    assert_int_equal(lines.n, 2);
    assert_int_equal(lines.level[0], GP_LOG_NOTICE);
    assert_string_equal(lines.text[0], "first");
    assert_int_equal(lines.level[1], GP_LOG_ERROR);
    assert_string_equal(lines.text[1], "second");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_log__full__drops_what_does_not_fit),
        cmocka_unit_test(late_log__flushed__in_order_and_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
