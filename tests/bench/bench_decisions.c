/*
 * bench_decisions - one whole transaction, connect to end of headers, through gatepost_api(), with 10 to 10,000
 * rules: a clean one, one refused at HELO, and one whose last field a rule matches; compared with a plain loop
 * of fnmatch(3) over the same patterns.
 */
#define _GNU_SOURCE
#include "bench_rules.h"

#include <fnmatch.h>
#include <unistd.h>

#include "core/gatepost.h"

enum { SIZES = 4, ROUNDS = 61 };

struct subject {
    unsigned rules;
    const struct gp_api *api;
    struct gp_engine *engine;
    struct bench_rules made;
    struct bench_transaction clean, bad_helo, bad_field;
    unsigned long logged;
};

static void count_log(void *context, uint32_t level, const char *line, size_t n)
{
    struct subject *s = context;
    (void)level, (void)line;
    s->logged += n > 0;
}

static int one(struct subject *s, const struct bench_transaction *t)
{
    struct gp_client client = {.size = sizeof client,
                               .address = "198.51.100.17",
                               .address_size = 13,
                               .name = "mail-out-17.provider.example.net",
                               .name_size = 32,
                               .name_state = GP_NAME_VERIFIED,
                               .local_address = "192.0.2.25",
                               .local_address_size = 10,
                               .local_port = 25,
                               .port = 40123};
    struct gp_verdict v = {.size = sizeof v};
    struct gp_session *session;
    const struct gp_api *api = s->api;
    if (api->session_open(s->engine, &client, &session) != 0)
        bench_fail("no session");
    int action = api->connect(session, &v);
    if (action == GP_PASS)
        action = api->helo(session, t->helo, strlen(t->helo), 0, &v);
    if (action == GP_PASS)
        action = api->mail(session, t->mail, strlen(t->mail), 0, &v);
    if (action == GP_PASS)
        action = api->rcpt(session, t->rcpt, strlen(t->rcpt), 0, &v);
    if (action == GP_PASS)
        action = api->data(session, &v);
    if (action == GP_PASS) {
        api->header_text(session, t->header, t->header_size);
        action = api->end_of_headers(session, &v);
    }
    api->session_close(&session);
    return action;
}

static void run_clean(void *context, unsigned times)
{
    struct subject *s = context;
    while (times--)
        if (one(s, &s->clean) != GP_PASS)
            bench_fail("a clean transaction was refused");
}

static void run_bad_helo(void *context, unsigned times)
{
    struct subject *s = context;
    while (times--)
        if (one(s, &s->bad_helo) == GP_PASS)
            bench_fail("a bad HELO passed");
}

static void run_bad_field(void *context, unsigned times)
{
    struct subject *s = context;
    while (times--)
        if (one(s, &s->bad_field) != GP_FAIL)
            bench_fail("a bad field passed");
}

/* ---- the plain loop ---- */

static int loop(const struct bench_rules *r, enum bench_operation op, const char *text)
{
    for (unsigned i = 0; i < r->count[op]; i++)
        if (fnmatch(r->pattern[op][i], text, FNM_CASEFOLD) == 0)
            return 1;
    return 0;
}

/* Unfolds fields as the engine does, so that both read the same texts. */
static int loop_fields(const struct bench_rules *r, const char *header)
{
    char field[1024];
    size_t n = 0;
    for (const char *p = header; *p; p++) {
        if (*p == '\r' && p[1] == '\n')
            continue;
        if (*p != '\n') {
            field[n++] = *p;
            continue;
        }
        if (p[1] == ' ' || p[1] == '\t')
            continue;
        field[n] = '\0';
        if (n && loop(r, BENCH_HEADER, field))
            return 1;
        if (n && strncasecmp(field, "Subject:", 8) == 0 && loop(r, BENCH_SUBJECT, field))
            return 1;
        n = 0;
    }
    return 0;
}

static int plain(const struct bench_rules *r, const struct bench_transaction *t)
{
    return loop(r, BENCH_HELO, t->helo) || loop(r, BENCH_MAIL, t->mail) || loop(r, BENCH_RCPT, t->rcpt) ||
           loop_fields(r, t->header);
}

static void run_plain(void *context, unsigned times)
{
    struct subject *s = context;
    while (times--)
        if (plain(&s->made, &s->clean))
            bench_fail("the plain loop refuses a clean transaction");
}

static void run_plain_bad(void *context, unsigned times)
{
    struct subject *s = context;
    while (times--)
        if (!plain(&s->made, &s->bad_helo))
            bench_fail("the plain loop lets a bad HELO pass");
}

/* ---- */

static void subject_open(struct subject *s, unsigned rules, const char *folder)
{
    struct gp_host host = {.size = sizeof host, .context = s, .log = count_log};
    struct gp_error error = {.size = sizeof error};
    char path[512], text[100];
    s->rules = rules;
    s->made = bench_rules_make(rules);
    snprintf(path, sizeof path, "%s/%u.conf", folder, rules);
    bench_write(path, s->made.text, s->made.size);
    struct gp_open_options o = {.size = sizeof o, .flags = GP_NO_STATE, .host = &host, .config = path};
    s->api = gatepost_api(GP_API_MAJOR);
    if (s->api->engine_open(&o, &s->engine, &error) != 1)
        bench_fail("%s:%u: %s", error.file, error.line, error.message);
    unlink(path);

    s->clean = s->bad_helo = s->bad_field = bench_transaction_make();
    bench_text_for(s->made.pattern[BENCH_HELO][s->made.count[BENCH_HELO] / 2], text);
    snprintf(s->bad_helo.helo, sizeof s->bad_helo.helo, "EHLO %s\r\n", text);
    /* The last field is X-Trace. Its value is replaced by the text that the last unanchored pattern matches. */
    unsigned unanchored = rules / 100 + (rules < 100);
    bench_text_for(s->made.pattern[BENCH_HEADER][unanchored - 1], text);
    const size_t n = strlen(text);
    memcpy(s->bad_field.header + s->bad_field.header_size - 4 - n, text, n);
}

static void subject_close(struct subject *s)
{
    s->api->engine_close(&s->engine);
    bench_rules_free(&s->made);
}

int main(int argc, char **argv)
{
    static const unsigned size[SIZES] = {10, 100, 1000, 10000};
    static struct subject subject[SIZES];
    static struct lane lane[SIZES][5];
    void (*const run[5])(void *, unsigned) = {run_clean, run_bad_helo, run_bad_field, run_plain, run_plain_bad};
    if (argc != 2)
        bench_fail("usage: bench_decisions FOLDER");
    for (unsigned i = 0; i < SIZES; i++) {
        subject_open(&subject[i], size[i], argv[1]);
        for (unsigned k = 0; k < 5; k++)
            lane[i][k] = (struct lane){.run = run[k], .context = &subject[i]};
    }
    bench_race(lane[0], (size_t)SIZES * 5, ROUNDS, 500);

    printf("Decisions: a whole transaction, connect to end of headers (%d fields, %d bytes), in process\n\n",
           BENCH_FIELDS, BENCH_HEADER_SIZE);
    printf(
        "  rules |   clean     /s  to 10 rules | refused at HELO | by a field | fnmatch loop:  clean, at HELO |"
        " loop to ours\n");
    for (unsigned i = 0; i < SIZES; i++) {
        const struct lane *l = lane[i];
        printf("  %5u | %5.2f us %6.0fk     x%4.2f    |     %5.2f us    |  %5.2f us  | %10.1f us  %10.2f us |"
               "  x%.0f, x%.1f\n",
               size[i], l[0].median_us, 1000 / l[0].median_us, l[0].median_us / lane[0][0].median_us,
               l[1].median_us, l[2].median_us, l[3].median_us, l[4].median_us, l[3].median_us / l[0].median_us,
               l[4].median_us / l[1].median_us);
    }
    printf("  towards: 10,000 rules under 2 us (%s), less than x1.50 of 10 rules (%s)\n",
           lane[3][0].median_us < 2 ? "reached" : "not reached",
           lane[3][0].median_us < 1.5 * lane[0][0].median_us ? "reached" : "not reached");
    for (unsigned i = 0; i < SIZES; i++)
        subject_close(&subject[i]);
    return 0;
}
