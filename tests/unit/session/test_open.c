/* What a host passes about the client when it opens a session, and what the engine needs from it. */
#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

static void open_session(struct doorway *d, struct gp_client *c, const char *address)
{
    if (d->session)
        d->api->session_close(&d->session);
    c->size = sizeof *c;
    c->address = address;
    c->address_size = strlen(address);
    assert_int_equal(d->api->session_open(d->engine, c, &d->session), 0);
}

static void needs__name__by_client_and_by_table(void **state)
{
    static const struct {
        const char *label, *address, *block_table;
        uint32_t name_state, unknown, needs;
    } rows[] = {
        {"no names in the table", CLIENT, "203.0.113.1 554 no\nhelo:a.example 554 no\n", 0, 0, 0},
        {"names in it", CLIENT, ".dyn.example 554 no\n", 0, 0, GP_FACT_NAME},
        {"our own network", "127.0.0.1", ".dyn.example 554 no\n", 0, 0, 0},
        {"no network", "", ".dyn.example 554 no\n", 0, 0, 0},
        {"host cannot tell", CLIENT, ".dyn.example 554 no\n", 0, GP_FACT_NAME, 0},
        {"known to have none", CLIENT, ".dyn.example 554 no\n", GP_NAME_NONE, 0, 0},
        {"forged", CLIENT, ".dyn.example 554 no\n", GP_NAME_FORGED, 0, 0},
        {"a state of later versions", CLIENT, ".dyn.example 554 no\n", 99, 0, GP_FACT_NAME},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        struct gp_client c = {.name_state = rows[i].name_state};
        doorway_make(&d);
        temp_text(&d.folder, "gatepost.conf", "# none\n");
        doorway_table(&d, "block.cdb", rows[i].block_table);
        assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
        open_session(&d, &c, rows[i].address);
        d.api->unknown(d.session, rows[i].unknown);
        if (d.api->needs(d.session) != rows[i].needs)
            fail_msg("%s", rows[i].label);
        doorway_close(&d);
    }
}

static void client_name__not_verified__is_never_matched(void **state)
{
    static const struct {
        uint32_t name_state;
        int action;
    } rows[] = {
        {GP_NAME_UNKNOWN, GP_PASS}, {GP_NAME_NONE, GP_PASS}, {GP_NAME_VERIFIED, GP_CLOSE},
        {GP_NAME_FORGED, GP_PASS},  {99, GP_PASS},
    };
    struct doorway d;
    (void)state;
    doorway_open(&d, "connect, \"*.dyn.example *\", close\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gp_client c = {.name = "a.dyn.example", .name_size = 13, .name_state = rows[i].name_state};
        open_session(&d, &c, CLIENT);
        assert_int_equal(d.api->connect(d.session, NULL), rows[i].action);
        c.name = NULL;
        c.name_size = 0;
        c.name_state = 0;
        open_session(&d, &c, CLIENT); /* passed later: the same */
        d.api->client_name(d.session, "a.dyn.example", 13, rows[i].name_state);
        assert_int_equal(d.api->connect(d.session, NULL), rows[i].action);
    }
    doorway_close(&d);
}

static void session_open__our_end_of_the_connection__counts_as_ours(void **state)
{
    static const struct {
        const char *helo;
        int action;
    } rows[] = {
        {"EHLO mx.example.com", GP_FAIL},
        {"EHLO [198.51.100.25]", GP_FAIL},
        {"EHLO other.example.com", GP_PASS},
        {"EHLO [198.51.100.26]", GP_PASS},
    };
    struct doorway d;
    struct gp_client c = {.local_address = "198.51.100.25",
                          .local_address_size = 13,
                          .local_name = "mx.example.com",
                          .local_name_size = 14};
    (void)state;
    doorway_open(&d, "helo, own-name, fail\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_session(&d, &c, CLIENT);
        assert_int_equal(doorway_helo(&d, rows[i].helo), rows[i].action);
    }
    doorway_close(&d);
}

static void session_open__texts_longer_than_usual__are_kept_whole(void **state)
{
    enum { LONG = 60000 };
    struct doorway d;
    char *name = malloc(LONG);
    (void)state;
    assert_non_null(name);
    memset(name, 'x', LONG);
    memcpy(name + LONG - 5, ".last", 5);
    doorway_open(&d, "helo, \"*.last\", fail\n");
    struct gp_client c = {.name = name, .name_size = LONG, .name_state = GP_NAME_VERIFIED};
    open_session(&d, &c, CLIENT);
    assert_int_equal(d.api->helo(d.session, name, LONG, 0, NULL), GP_FAIL);
    assert_int_equal(doorway_helo(&d, "EHLO short"), GP_PASS); /* shorter text over a longer one */
    doorway_close(&d);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs__name__by_client_and_by_table),
        cmocka_unit_test(client_name__not_verified__is_never_matched),
        cmocka_unit_test(session_open__our_end_of_the_connection__counts_as_ours),
        cmocka_unit_test(session_open__texts_longer_than_usual__are_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
