/* A state file that is cut short or grows under an engine that has it mapped. */
#include "tests/unit/lib/doorway.h"

#include <unistd.h>

#define CLIENT "203.0.113.9"

static void state_files__another_size_under_the_map__are_begun_anew(void **state)
{
    static const char *const names[] = {"blocklist", "sightings", "stats"};
    static const off_t sizes[] = {0, 100, 4096, 8192, 1 << 26};
    struct doorway d;
    char path[300];
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf",
              "relay-pattern = envelope 2 clients 1h\nrcpt, \"*trap@*\", fail block(1h), \"554 no\"\n");
    assert_int_equal(doorway_engine(&d, 0), 1);
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (int again = 0; again < 2; again++) {
                if (doorway_connect(&d, CLIENT, NULL) == GP_PASS) {
                    doorway_helo(&d, "EHLO a.example");
                    doorway_mail(&d, "MAIL FROM:<a@b.c>");
                    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_FAIL);
                }
                assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
            }
            snprintf(path, sizeof path, "%s/%s", temp_path(&d.folder, "state"), names[n]);
            assert_int_equal(truncate(path, sizes[i]), 0);
            d.api->engine_refresh(d.engine); /* as each session does once a second */
        }
    }
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_files__another_size_under_the_map__are_begun_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
