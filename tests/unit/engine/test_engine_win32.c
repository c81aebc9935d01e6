/* Rule files and tables that people change on Windows while the engine has them in use. */
#include "tests/unit/lib/doorway.h"

#include <windows.h>

#define CLIENT "203.0.113.9"

static const char one[] = "exempt-table = exempt.cdb\nhelo, \"*zombie*\", fail, \"554 one\"\n";
static const char two[] = "# changed\nexempt-table = exempt.cdb\nhelo, \"*zombie*\", fail, \"554 two\"\n";

/* What a new session gets for "EHLO zombie". */
static const char *judged(struct doorway *d, const char *address)
{
    doorway_connect(d, address, NULL);
    return doorway_helo(d, "EHLO zombie") == GP_PASS ? "pass" : d->verdict.reply;
}

static void start(struct doorway *d)
{
    doorway_make(d);
    doorway_table(d, "exempt.cdb", "192.0.2.1 all\n");
    temp_text(&d->folder, "gatepost.conf", one);
    assert_int_equal(doorway_engine(d, 0), 1);
    assert_string_equal(judged(d, CLIENT), "554 one");
}

/* As an editor does: no other program may open the file until it is done. */
static HANDLE begin_to_save(struct doorway *d, const char *name, const void *bytes, size_t n)
{
    DWORD written = 0;
    HANDLE file = CreateFileA(temp_path(&d->folder, name), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
    assert_true(WriteFile(file, bytes, (DWORD)n, &written, NULL) && written == n);
    return file;
}

static void reload__rule_file_being_saved__old_rules_until_it_is_done(void **state)
{
    struct doorway d;
    (void)state;
    start(&d);
    HANDLE editor = begin_to_save(&d, "gatepost.conf", two, sizeof two - 1);
    assert_int_not_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, CLIENT), "554 one");
    /* A process that starts now has the image of the last good ones. */
    d.api->session_close(&d.session);
    d.api->engine_close(&d.engine);
    assert_int_equal(doorway_engine(&d, 0), 1);
    assert_string_equal(judged(&d, CLIENT), "554 one");
    CloseHandle(editor);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, CLIENT), "554 two");
    doorway_close(&d);
}

/* What the manual advises against on other systems: there it may kill the reader. */
static void tables__overwritten_in_place__old_one_until_it_is_done(void **state)
{
    struct doorway d;
    struct file_id id;
    char *bytes;
    size_t n;
    (void)state;
    start(&d);
    assert_string_equal(judged(&d, "192.0.2.1"), "pass");
    doorway_table(&d, "other.cdb", "192.0.2.2 all\n");
    assert_int_equal(os_read(temp_path(&d.folder, "other.cdb"), 1 << 20, &bytes, &n, &id), 0);
    HANDLE copying = begin_to_save(&d, "exempt.cdb", bytes, n / 2);
    assert_int_not_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, "192.0.2.1"), "pass");
    CloseHandle(copying);
    /* Half of a table cannot be used. */
    assert_int_not_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, "192.0.2.1"), "pass");
    CloseHandle(begin_to_save(&d, "exempt.cdb", bytes, n));
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, "192.0.2.1"), "554 one");
    assert_string_equal(judged(&d, "192.0.2.2"), "pass");
    free(bytes);
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reload__rule_file_being_saved__old_rules_until_it_is_done),
        cmocka_unit_test(tables__overwritten_in_place__old_one_until_it_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
