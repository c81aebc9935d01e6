/*
 * Hosts of other minor versions: their structs are smaller or larger than ours. Each struct lies in memory of
 * exactly its size, so that a sanitizer sees one byte too far, and what a larger one has behind ours must come
 * back as it was.
 */
#include "tests/unit/lib/doorway.h"

enum { FOREIGN = 0xa5, NEWER = 24 };

/* A copy of the N bytes at FROM as a host would have it whose struct has SIZE bytes; the size stands first in
 * all of them. */
static void *struct_of(const void *from, size_t n, size_t size)
{
    unsigned char *p = malloc(size);
    const uint32_t told = (uint32_t)size;
    assert_non_null(p);
    memset(p, FOREIGN, size);
    memcpy(p, from, n < size ? n : size);
    memcpy(p, &told, sizeof told);
    return p;
}

static void assert_untouched(const void *p, size_t from, size_t size)
{
    const unsigned char *bytes = p;
    uint32_t told;
    memcpy(&told, p, sizeof told);
    assert_int_equal(told, size);
    for (size_t i = from; i < size; i++)
        assert_int_equal(bytes[i], FOREIGN);
}

static const char rules[] =
    "own-names = gate.example\nblock-time = 1m\nhelo, own-name, fail, \"554 5.7.1 no\"\n";

/* HELO with our own name, which fails. */
static int say_our_name(struct doorway *d, struct gp_verdict *v)
{
    return d->api->helo(d->session, "EHLO gate.example", 17, 0, v);
}

static void api_sizes__options__are_read_as_far_as_they_go(void **state)
{
    static const size_t sizes[] = {
        offsetof(struct gp_open_options, host),      offsetof(struct gp_open_options, config),
        offsetof(struct gp_open_options, state_dir), sizeof(struct gp_open_options),
        sizeof(struct gp_open_options) + NEWER,
    };
    char here[4096];
    (void)state;
    folder_here(here, sizeof here);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct doorway d;
        doorway_make(&d);
        temp_text(&d.folder, "gatepost.conf", rules);
        temp_text(&d.folder, "other.conf", "helo, not fqdn, fail\n");
        char *other = strdup(temp_path(&d.folder, "other.conf"));
        struct gp_host host = {.size = sizeof host, .context = &d, .log = doorway_log};
        const struct gp_open_options all = {.flags = GP_NO_STATE, .host = &host, .config = other};
        struct gp_open_options *o = struct_of(&all, sizeof all, sizes[i]);
        d.api = gatepost_api(GP_API_MAJOR);
        folder_enter(temp_path(&d.folder, ".")); /* where the rules are looked for by default */
        assert_int_equal(d.api->engine_open(o, &d.engine, NULL), 1);
        folder_enter(here);
        assert_untouched(o, sizeof all, sizes[i]);
        free(o);
        free(other);
        const bool has_config = sizes[i] >= offsetof(struct gp_open_options, state_dir);
        const bool has_host = sizes[i] >= offsetof(struct gp_open_options, config);
        doorway_connect(&d, "203.0.113.9", NULL);
        assert_int_equal(say_our_name(&d, NULL), has_config ? GP_PASS : GP_FAIL);
        assert_int_equal(strstr(d.log, "gatepost: fail") != NULL, has_host && !has_config);
        doorway_close(&d);
    }
}

static void api_sizes__host__is_used_as_far_as_it_goes(void **state)
{
    static const size_t sizes[] = {offsetof(struct gp_host, clock), sizeof(struct gp_host),
                                   sizeof(struct gp_host) + NEWER};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct doorway d;
        struct gp_error error = {.size = sizeof error};
        doorway_make(&d);
        temp_text(&d.folder, "gatepost.conf", "helo, not fqdn, refuse block(1h), \"554 no\"\n");
        char *config = strdup(temp_path(&d.folder, "gatepost.conf"));
        char *seen = strdup(temp_path(&d.folder, "state"));
        const struct gp_host all = {.context = &d, .log = doorway_log, .clock = doorway_clock};
        struct gp_host *host = struct_of(&all, sizeof all, sizes[i]);
        struct gp_open_options o = {.size = sizeof o, .host = host, .config = config, .state_dir = seen};
        d.now = 1000000000;
        d.api = gatepost_api(GP_API_MAJOR);
        assert_int_equal(d.api->engine_open(&o, &d.engine, &error), 1);
        assert_untouched(host, sizeof all, sizes[i]);
        free(host);
        free(config);
        free(seen);
        doorway_connect(&d, "203.0.113.9", NULL);
        assert_int_equal(doorway_helo(&d, "HELO zombie"), GP_REFUSE);
        assert_non_null(strstr(d.log, "gatepost: refuse"));
        /* Two hours later by the host's clock, if it has one: the block is over. */
        d.now += 7200;
        assert_int_equal(doorway_connect(&d, "203.0.113.9", NULL), sizes[i] < sizeof all ? GP_CLOSE : GP_PASS);
        doorway_close(&d);
    }
}

static void api_sizes__client__is_read_as_far_as_it_goes(void **state)
{
    static const size_t sizes[] = {
        offsetof(struct gp_client, name),
        offsetof(struct gp_client, name_size),
        offsetof(struct gp_client, local_address),
        offsetof(struct gp_client, local_address_size),
        offsetof(struct gp_client, local_name),
        offsetof(struct gp_client, local_name_size),
        sizeof(struct gp_client),
        sizeof(struct gp_client) + NEWER,
    };
    static const struct gp_client all = {.name_state = GP_NAME_VERIFIED,
                                         .address = "203.0.113.9",
                                         .address_size = 11,
                                         .name = "named.example",
                                         .name_size = 13,
                                         .local_address = "192.0.2.25",
                                         .local_address_size = 10,
                                         .local_name = "mx.example",
                                         .local_name_size = 10};
    struct doorway d;
    (void)state;
    doorway_open(&d, "connect, \"named.example *\", close\nhelo, own-name, fail\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct gp_client *c = struct_of(&all, sizeof all, sizes[i]);
        assert_int_equal(d.api->session_open(d.engine, c, &d.session), 0);
        assert_untouched(c, sizeof all, sizes[i]);
        free(c);
        const bool has_name = sizes[i] >= offsetof(struct gp_client, local_address);
        assert_int_equal(d.api->connect(d.session, NULL), has_name ? GP_CLOSE : GP_PASS);
        d.api->session_close(&d.session);

        struct gp_client unnamed = all;
        unnamed.name_size = 0;
        c = struct_of(&unnamed, sizeof unnamed, sizes[i]);
        assert_int_equal(d.api->session_open(d.engine, c, &d.session), 0);
        free(c);
        const bool has_address = sizes[i] >= offsetof(struct gp_client, local_name);
        const bool has_local_name = sizes[i] >= sizeof all;
        assert_int_equal(d.api->helo(d.session, "HELO [192.0.2.25]", 17, 0, NULL),
                         has_address ? GP_FAIL : GP_PASS);
        assert_int_equal(d.api->helo(d.session, "HELO mx.example", 15, 0, NULL),
                         has_local_name ? GP_FAIL : GP_PASS);
        d.api->session_close(&d.session);
    }
    doorway_close(&d);
}

static void api_sizes__verdict__is_filled_as_far_as_it_goes(void **state)
{
    static const size_t sizes[] = {
        sizeof(uint32_t),
        offsetof(struct gp_verdict, phase),
        offsetof(struct gp_verdict, code),
        offsetof(struct gp_verdict, enhanced),
        offsetof(struct gp_verdict, block_seconds),
        offsetof(struct gp_verdict, text),
        offsetof(struct gp_verdict, text_size),
        offsetof(struct gp_verdict, reply),
        offsetof(struct gp_verdict, cause),
        offsetof(struct gp_verdict, cause_size),
        sizeof(struct gp_verdict),
        sizeof(struct gp_verdict) + NEWER,
    };
    struct doorway d;
    (void)state;
    doorway_open(&d, rules);
    doorway_connect(&d, "203.0.113.9", NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct gp_verdict none = {.size = 0};
        struct gp_verdict got = {.size = 0};
        struct gp_verdict *v = struct_of(&none, sizeof none, sizes[i]);
        assert_int_equal(say_our_name(&d, v), GP_FAIL);
        assert_untouched(v, sizeof none, sizes[i]);
        memcpy(&got, v, sizes[i] < sizeof got ? sizes[i] : sizeof got);
        free(v);
        assert_int_equal(got.action, sizes[i] > offsetof(struct gp_verdict, action) ? GP_FAIL : 0);
        assert_int_equal(got.code, sizes[i] > offsetof(struct gp_verdict, code) ? 554 : 0);
        assert_string_equal(got.enhanced, sizes[i] > offsetof(struct gp_verdict, enhanced) ? "5.7.1" : "");
        if (sizes[i] > offsetof(struct gp_verdict, reply))
            assert_string_equal(got.reply, "554 5.7.1 no");
        else
            assert_null(got.reply);
        if (sizes[i] > offsetof(struct gp_verdict, cause_size))
            assert_int_equal(got.cause_size, strlen(got.cause));
    }
    doorway_close(&d);
}

static void api_sizes__error__is_filled_as_far_as_it_goes(void **state)
{
    static const size_t sizes[] = {
        sizeof(uint32_t),
        offsetof(struct gp_error, column),
        offsetof(struct gp_error, file),
        offsetof(struct gp_error, file) + 16,
        offsetof(struct gp_error, message),
        offsetof(struct gp_error, message) + 13,
        sizeof(struct gp_error),
        sizeof(struct gp_error) + NEWER,
    };
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "# a comment\nhelo, fqnd, refuse\n");
    char *config = strdup(temp_path(&d.folder, "gatepost.conf"));
    struct gp_host host = {.size = sizeof host, .context = &d, .log = doorway_log};
    struct gp_open_options o = {.size = sizeof o, .flags = GP_NO_STATE, .host = &host, .config = config};
    d.api = gatepost_api(GP_API_MAJOR);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct gp_error none = {.size = 0};
        struct gp_error got = {.size = 0};
        struct gp_error *e = struct_of(&none, sizeof none, sizes[i]);
        assert_int_equal(d.api->engine_open(&o, &d.engine, e), 0);
        d.api->engine_close(&d.engine);
        assert_untouched(e, sizeof none, sizes[i]);
        memcpy(&got, e, sizes[i] < sizeof got ? sizes[i] : sizeof got);
        free(e);
        assert_int_equal(got.line, sizes[i] > offsetof(struct gp_error, line) ? 2 : 0);
        assert_int_equal(got.column, sizes[i] > offsetof(struct gp_error, column) ? 7 : 0);
        if (sizes[i] == offsetof(struct gp_error, file) + 16)
            assert_int_equal(strlen(got.file), 15);
        if (sizes[i] >= offsetof(struct gp_error, message))
            assert_string_equal(got.file, config);
        if (sizes[i] == offsetof(struct gp_error, message) + 13)
            assert_string_equal(got.message, "unknown chec");
        if (sizes[i] >= sizeof got)
            assert_string_equal(got.message, "unknown check 'fqnd'; did you mean 'fqdn'?");
    }
    free(config);
    doorway_close(&d);
}

/* If a host forgot to set a size, it would silently get the default rules, or no client would be judged. */
static void api_sizes__none__is_a_mistake_that_is_told(void **state)
{
    struct doorway d;
    struct gp_error error = {.size = sizeof error};
    const struct gp_open_options options = {.flags = GP_NO_STATE};
    const struct gp_client client = {.address = "203.0.113.9", .address_size = 11};
    (void)state;
    doorway_open(&d, rules);
    struct gp_engine *none = d.engine;
    assert_int_equal(d.api->engine_open(&options, &none, &error), -1);
    assert_null(none);
    assert_string_equal(error.message, "the size of gp_open_options is not set");
    d.session = (struct gp_session *)&d;
    assert_int_equal(d.api->session_open(d.engine, &client, &d.session), -1);
    assert_null(d.session);
    assert_non_null(strstr(d.log, "the size of gp_client is not set"));
    doorway_close(&d);
}

/* What a host checks in a table that may be older than its header. */
static void api_sizes__gp_has__says_how_far_a_struct_reaches(void **state)
{
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    struct gp_api older = *api;
    (void)state;
    assert_true(GP_HAS(api, size));
    assert_true(GP_HAS(api, get_ext));
    older.size = offsetof(struct gp_api, get_ext);
    assert_false(GP_HAS(&older, get_ext));
    assert_true(GP_HAS(&older, reset));
    older.size++;
    assert_false(GP_HAS(&older, get_ext));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(api_sizes__options__are_read_as_far_as_they_go),
        cmocka_unit_test(api_sizes__host__is_used_as_far_as_it_goes),
        cmocka_unit_test(api_sizes__client__is_read_as_far_as_it_goes),
        cmocka_unit_test(api_sizes__verdict__is_filled_as_far_as_it_goes),
        cmocka_unit_test(api_sizes__error__is_filled_as_far_as_it_goes),
        cmocka_unit_test(api_sizes__none__is_a_mistake_that_is_told),
        cmocka_unit_test(api_sizes__gp_has__says_how_far_a_struct_reaches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
