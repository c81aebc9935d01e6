/* The state files under an engine that lives on: another one put in their place, damaged, gone. */
#include "tests/unit/lib/doorway.h"

#include "core/state/blocklist.h"

#define CLIENT "203.0.113.9"

static const char rules[] = "block-time = 1h\nblock-memory = 1d\nhelo, \"*zombie*\", refuse block\n";

static void begin(struct doorway *d, uint32_t flags)
{
    if (d->session)
        d->api->session_close(&d->session);
    if (d->engine)
        d->api->engine_close(&d->engine);
    assert_int_equal(doorway_engine(d, flags), 1);
}

static void start(struct doorway *d)
{
    doorway_make(d);
    temp_text(&d->folder, "gatepost.conf", rules);
    d->now = 1180399293;
}

/* Has ADDRESS put on the list. */
static void offend(struct doorway *d, const char *address)
{
    assert_int_equal(doorway_connect(d, address, NULL), GP_PASS);
    assert_int_equal(doorway_helo(d, "EHLO zombie"), GP_REFUSE);
    assert_int_equal(d->verdict.block_seconds, 3600);
    assert_int_equal(doorway_connect(d, address, NULL), GP_CLOSE);
}

static unsigned times_said(const struct doorway *d, const char *what)
{
    unsigned n = 0;
    for (const char *p = strstr(d->log, what); p; p = strstr(p + 1, what))
        n++;
    return n;
}

static void blocklist__resized__is_taken_up_at_once(void **state)
{
    struct doorway d;
    struct blocklist *list;
    struct block_outcome outcome;
    struct ip other = {.byte = {198, 51, 100, 1}};
    char why[300];
    (void)state;
    start(&d);
    begin(&d, 0);
    offend(&d, CLIENT);
    /* What `gatepost blocks resize` does in another process. */
    assert_int_equal(blocklist_open(temp_path(&d.folder, "state"), 64, 32, 64, 0, &list, why, sizeof why), 1);
    assert_int_equal(blocklist_resize(list, 4096, d.now, 86400, why, sizeof why), 0);
    struct block_request r = {.client = &other, .now = d.now, .fixed_seconds = 60, .cause = TEXT("hand")};
    assert_int_equal(blocklist_add(list, &r, &outcome, why, sizeof why), 0);
    assert_int_equal(doorway_connect(&d, "198.51.100.1", NULL), GP_CLOSE);
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
    /* And the engine writes to the new one. */
    offend(&d, "203.0.113.10");
    assert_true(ip_parse(TEXT("203.0.113.10"), &other));
    assert_int_equal(blocklist_lookup(list, &other, d.now, NULL), 1);
    blocklist_close(&list);
    doorway_close(&d);
}

static void blocklist__damaged__is_set_aside_and_told_once(void **state)
{
    static const char junk[5000] = "not a list";
    struct doorway d;
    (void)state;
    start(&d);
    temp_put(&d.folder, "state/blocklist", junk, sizeof junk);
    begin(&d, 0);
    offend(&d, CLIENT);
    offend(&d, "203.0.113.10");
    assert_int_equal(times_said(&d, "it is not a file of this kind; renamed to"), 1);
    assert_true(temp_has(&d.folder, "state/blocklist.damaged"));
    /* Another process meets the same fault: the administrator has already been told. */
    temp_put(&d.folder, "state/blocklist", junk, sizeof junk);
    begin(&d, 0);
    offend(&d, CLIENT);
    assert_int_equal(times_said(&d, "renamed to"), 1);
    doorway_close(&d);
}

static void blocklist__damaged_and_read_only__stays_and_mail_flows(void **state)
{
    static const char junk[5000] = "not a list";
    char bytes[sizeof junk];
    struct doorway d;
    (void)state;
    start(&d);
    temp_put(&d.folder, "state/blocklist", junk, sizeof junk);
    begin(&d, GP_READ_ONLY);
    for (int i = 0; i < 3; i++)
        doorway_envelope(&d, CLIENT);
    assert_int_equal(times_said(&d, "it is not a file of this kind"), 1);
    FILE *file = fopen(temp_path(&d.folder, "state/blocklist"), "rb");
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, sizeof bytes, file), sizeof junk);
    fclose(file);
    assert_memory_equal(bytes, junk, sizeof junk);
    doorway_close(&d);
}

/* A process that runs for years takes up many rule files. */
static void blocklist__rules_changed_often__is_mapped_once(void **state)
{
    struct doorway d;
    char text[512], path[256];
    (void)state;
    start(&d);
    begin(&d, 0);
    offend(&d, CLIENT);
    snprintf(path, sizeof path, "%s", temp_path(&d.folder, "state/blocklist"));
    const unsigned once = file_times_mapped(path);
    assert_true(once > 0);
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "# version %d\n%s", i, rules);
        temp_text(&d.folder, "gatepost.conf", text);
        assert_int_equal(d.api->engine_refresh(d.engine), 1);
        assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
    }
    assert_int_equal(file_times_mapped(path), once);
    /* A setting that decides how keys are made requires opening it again. */
    snprintf(text, sizeof text, "block-prefix = 24 64\n%s", rules);
    temp_text(&d.folder, "gatepost.conf", text);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    offend(&d, "198.51.100.7");
    assert_int_equal(doorway_connect(&d, "198.51.100.8", NULL), GP_CLOSE);
    doorway_close(&d);
}

static void blocklist__taken_away__is_begun_anew(void **state)
{
    struct doorway d;
    (void)state;
    start(&d);
    begin(&d, 0);
    offend(&d, CLIENT);
    assert_int_equal(os_rename(temp_path(&d.folder, "state/blocklist"), temp_path(&d.folder, "gone")), 0);
    assert_int_equal(d.api->engine_refresh(d.engine), 0);
    offend(&d, CLIENT);
    assert_true(temp_has(&d.folder, "state/blocklist"));
    assert_null(strstr(d.log, "blocklist:"));
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocklist__resized__is_taken_up_at_once),
        cmocka_unit_test(blocklist__damaged__is_set_aside_and_told_once),
        cmocka_unit_test(blocklist__damaged_and_read_only__stays_and_mail_flows),
        cmocka_unit_test(blocklist__rules_changed_often__is_mapped_once),
        cmocka_unit_test(blocklist__taken_away__is_begun_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
