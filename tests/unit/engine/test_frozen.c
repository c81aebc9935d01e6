/* The table itself is a matter of the compiler. What is left: the engine hands out what the header describes.
 */
#include "tests/unit/lib/frozen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void frozen__tables_handed_out__are_whole(void **state)
{
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    (void)state;
    assert_non_null(api);
    assert_int_equal(api->size, sizeof *api);
    const struct gp_trace_ext *trace = api->get_ext("trace/1");
    assert_non_null(trace);
    assert_int_equal(trace->size, sizeof *trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frozen__tables_handed_out__are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
