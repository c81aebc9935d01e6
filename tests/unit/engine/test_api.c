#include "tests/unit/lib/doorway.h"

static void api__major__is_the_one_we_speak(void **state)
{
    (void)state;
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    assert_non_null(api);
    assert_null(gatepost_api(0));
    assert_null(gatepost_api(GP_API_MAJOR + 1));
    assert_null(gatepost_api(UINT32_MAX));
    assert_ptr_equal(api, gatepost_api(GP_API_MAJOR));
    assert_int_equal(api->size, sizeof *api);
    assert_int_equal(api->major, GP_API_MAJOR);
    assert_string_equal(api->version, GATEPOST_VERSION);
    assert_true(api->engine_open && api->engine_close && api->engine_refresh && api->session_open &&
                api->session_close && api->needs && api->client_name && api->unknown && api->connect &&
                api->helo && api->mail && api->rcpt && api->data && api->auth && api->rcpt_rejected &&
                api->header_text && api->header && api->end_of_headers && api->end_of_message && api->reset &&
                api->get_ext);
}

static void api__extensions__by_name_and_revision(void **state)
{
    (void)state;
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    const struct gp_trace_ext *trace = api->get_ext("trace/1");
    assert_non_null(trace);
    assert_int_equal(trace->size, sizeof *trace);
    assert_non_null(trace->set);
    const struct gp_settings_ext *settings = api->get_ext("settings/1");
    assert_non_null(settings);
    assert_int_equal(settings->size, sizeof *settings);
    static const char *const none[] = {"trace", "settings", "trace/", "trace/2", "trace/10", "", "TRACE/1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(api->get_ext(none[i]));
}

static void api__settings_of_hosts__by_name(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "mercury-resolve = no\n");
    struct gp_client c = {.size = sizeof c, .address = "203.0.113.9", .address_size = 11};
    const struct gp_settings_ext *settings = d.api->get_ext("settings/1");
    assert_int_equal(d.api->session_open(d.engine, &c, &d.session), 0);
    assert_string_equal(settings->get(d.session, "mercury-resolve"), "no");
    assert_string_equal(settings->get(d.session, "mercury-header"), "lines");
    assert_null(settings->get(d.session, "mercury-nothing"));
    assert_null(settings->get(d.session, "mode"));
    doorway_close(&d);
}

/* A host of an earlier minor version has smaller structs: the engine neither reads nor writes beyond them. */
static void api__smaller_structs__are_filled_as_far_as_they_go(void **state)
{
    struct doorway d;
    struct {
        struct gp_verdict v;
        char behind[8];
    } small;
    const size_t size = offsetof(struct gp_verdict, text);
    (void)state;
    doorway_open(&d, "own-names = gate.example\nhelo, own-name, fail, \"554 5.7.1 no\"\n");
    struct gp_client c = {.size = offsetof(struct gp_client, name),
                          .address = "203.0.113.9",
                          .address_size = 11,
                          .name = (const char *)1,
                          .name_size = 99,
                          .local_name = (const char *)1};
    assert_int_equal(d.api->session_open(d.engine, &c, &d.session), 0);
    assert_int_equal(d.api->connect(d.session, NULL), GP_PASS);
    memset(&small, 'x', sizeof small);
    small.v.size = (uint32_t)size;
    assert_int_equal(d.api->helo(d.session, "EHLO gate.example", 17, 0, &small.v), GP_FAIL);
    assert_int_equal(small.v.size, size);
    assert_int_equal(small.v.code, 554);
    assert_string_equal(small.v.enhanced, "5.7.1");
    for (const char *p = (const char *)&small + size; p < (const char *)(&small + 1); p++)
        assert_int_equal(*p, 'x');
    doorway_close(&d);
}

static void api__closing_nothing__is_no_mistake(void **state)
{
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    struct gp_engine *engine = NULL;
    struct gp_session *session = NULL;
    (void)state;
    api->session_close(&session);
    api->engine_close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(api__major__is_the_one_we_speak),
        cmocka_unit_test(api__extensions__by_name_and_revision),
        cmocka_unit_test(api__settings_of_hosts__by_name),
        cmocka_unit_test(api__smaller_structs__are_filled_as_far_as_they_go),
        cmocka_unit_test(api__closing_nothing__is_no_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
