/*
 * doorway.h - an engine over a temporary folder with a rule file and tables, for tests that talk to it through
 * gatepost_api() only.
 */
#ifndef GATEPOST_TEST_DOORWAY_H
#define GATEPOST_TEST_DOORWAY_H

#include "temp_folder.h"

#include "core/gatepost.h"
#include "tools/tables/table_make.h"

#include <time.h>

struct doorway {
    struct temp_folder folder;
    const struct gp_api *api;
    struct gp_engine *engine;
    char log[16384]; /* every line so far, each with a line end */
    struct gp_session *session;
    struct gp_verdict verdict;
    int64_t now; /* the engine's time; 0: that of the system */
};

static inline void doorway_log(void *context, uint32_t level, const char *line, size_t n)
{
    struct doorway *d = context;
    (void)level;
    assert_int_equal(strlen(line), n);
    if (strlen(d->log) + n + 2 < sizeof d->log) {
        strcat(d->log, line);
        strcat(d->log, "\n");
    }
}

static inline int64_t doorway_clock(void *context)
{
    struct doorway *d = context;
    return d->now ? d->now : (int64_t)time(NULL);
}

static inline void doorway_table(struct doorway *d, const char *name, const char *text)
{
    struct report report = {0};
    struct table_job job = {.report = &report};
    char in[256], out[256];
    temp_text(&d->folder, "table.txt", text);
    snprintf(in, sizeof in, "%s", temp_path(&d->folder, "table.txt"));
    snprintf(out, sizeof out, "%s", temp_path(&d->folder, name));
    job.in = in;
    job.out = out;
    assert_int_equal(table_make(&job), 0);
}

/* Opens an engine on the rule file as it stands. Returns engine_open()'s value. */
static inline int doorway_engine(struct doorway *d, uint32_t flags)
{
    struct gp_host host = {.size = sizeof host, .context = d, .log = doorway_log, .clock = doorway_clock};
    struct gp_error error = {.size = sizeof error};
    char config[256], state[256];
    snprintf(config, sizeof config, "%s", temp_path(&d->folder, "gatepost.conf"));
    snprintf(state, sizeof state, "%s", temp_path(&d->folder, "state"));
    struct gp_open_options o = {
        .size = sizeof o, .flags = flags, .host = &host, .config = config, .state_dir = state};
    d->api = gatepost_api(GP_API_MAJOR);
    return d->api->engine_open(&o, &d->engine, &error);
}

static inline void doorway_make(struct doorway *d)
{
    memset(d, 0, sizeof *d);
    d->verdict.size = sizeof d->verdict;
    temp_make(&d->folder);
    folder_make(temp_path(&d->folder, "state"));
}

/* The usual beginning: a folder, these rules, an engine without state. */
static inline void doorway_open(struct doorway *d, const char *rules)
{
    doorway_make(d);
    temp_text(&d->folder, "gatepost.conf", rules);
    assert_int_equal(doorway_engine(d, GP_NO_STATE), 1);
}

static inline void doorway_close(struct doorway *d)
{
    if (d->session)
        d->api->session_close(&d->session);
    if (d->engine)
        d->api->engine_close(&d->engine);
    temp_remove(&d->folder);
}

/* A new session from ADDRESS; NAME is its verified name, or NULL. */
static inline int doorway_connect_port(struct doorway *d, const char *address, const char *name, uint32_t port)
{
    struct gp_client c = {
        .size = sizeof c, .address = address, .address_size = strlen(address), .local_port = port};
    if (d->session)
        d->api->session_close(&d->session);
    if (name) {
        c.name = name;
        c.name_size = strlen(name);
        c.name_state = GP_NAME_VERIFIED;
    }
    assert_int_equal(d->api->session_open(d->engine, &c, &d->session), 0);
    return d->api->connect(d->session, &d->verdict);
}

static inline int doorway_connect(struct doorway *d, const char *address, const char *name)
{
    return doorway_connect_port(d, address, name, 25);
}

static inline int doorway_helo(struct doorway *d, const char *line)
{
    return d->api->helo(d->session, line, strlen(line), 0, &d->verdict);
}

static inline int doorway_mail(struct doorway *d, const char *line)
{
    return d->api->mail(d->session, line, strlen(line), 0, &d->verdict);
}

static inline int doorway_rcpt(struct doorway *d, const char *line)
{
    return d->api->rcpt(d->session, line, strlen(line), 0, &d->verdict);
}

/* Header and end of message in one. */
static inline int doorway_message(struct doorway *d, const char *header)
{
    int action = d->api->data(d->session, &d->verdict);
    if (action != GP_PASS)
        return action;
    d->api->header_text(d->session, header, strlen(header));
    action = d->api->end_of_headers(d->session, &d->verdict);
    int at_end = d->api->end_of_message(d->session, strlen(header), &d->verdict);
    assert_int_equal(at_end, action);
    return action;
}

/* A whole clean session from ADDRESS up to RCPT. */
static inline void doorway_envelope(struct doorway *d, const char *address)
{
    assert_int_equal(doorway_connect(d, address, NULL), GP_PASS);
    assert_int_equal(doorway_helo(d, "EHLO client.example.net"), GP_PASS);
    assert_int_equal(doorway_mail(d, "MAIL FROM:<a@example.net>"), GP_PASS);
    assert_int_equal(doorway_rcpt(d, "RCPT TO:<b@example.com>"), GP_PASS);
}

#endif
