/* One engine, many threads with sessions, and one thread that replaces the rule file and the tables under
 * them. */
#include "tests/unit/lib/doorway.h"
#include "core/os/os.h"
#include "tests/unit/lib/rounds.h"

#include <stdatomic.h>

enum { THREADS = 8, SESSIONS = 3000, CHANGES = 1000 }; /* at least */

struct shared {
    const struct gp_api *api;
    struct gp_engine *engine;
    _Atomic(const char *) wrong; /* what the first thread that saw something wrong saw */
    atomic_uint running;
    atomic_uint changes; /* of rules and tables */
};

static void quiet(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level, (void)line, (void)n;
}

static void expect(struct shared *s, bool holds, const char *what)
{
    const char *nothing = NULL;
    if (!holds)
        atomic_compare_exchange_strong(&s->wrong, &nothing, what);
}

static bool reply_is(const struct gp_verdict *v, const char *reply)
{
    return strcmp(v->reply, reply) == 0;
}

/* All phases. The rules alternate between "554 a" and "554 b", but one session sees one of them throughout. */
static void whole_session(struct shared *s, unsigned n)
{
    static const char client[] = "203.0.113.9", spared[] = "192.0.2.1";
    struct gp_verdict v = {.size = sizeof v};
    struct gp_session *session;
    const struct gp_api *api = s->api;
    const bool is_spared = n % 4 == 0;
    const char *address = is_spared ? spared : client;
    struct gp_client c = {.size = sizeof c, .address = address, .address_size = strlen(address)};
    if (api->session_open(s->engine, &c, &session) != 0) {
        expect(s, false, "a session does not open");
        return;
    }
    expect(s, api->connect(session, &v) == GP_PASS, "connect is refused");
    int helo = api->helo(session, "EHLO zombie", 11, 0, &v);
    expect(s, helo == (is_spared ? GP_PASS : GP_FAIL), "helo");
    const char *mine = "";
    if (helo == GP_FAIL) {
        mine = reply_is(&v, "554 a") ? "554 a" : "554 b";
        expect(s, reply_is(&v, mine), "helo's reply");
    }
    expect(s, api->mail(session, "MAIL FROM:<a@b.example>", 23, 0, &v) == GP_PASS, "mail");
    expect(s, api->rcpt(session, "RCPT TO:<trap@example.com>", 26, 0, &v) == (is_spared ? GP_PASS : GP_FAIL),
           "a trap");
    expect(s, is_spared || reply_is(&v, mine), "the trap's reply is of other rules than helo's");
    expect(s, api->rcpt(session, "RCPT TO:<user@example.com>", 26, 0, &v) == GP_PASS, "rcpt");
    expect(s, api->data(session, &v) == GP_PASS, "data");
    api->header_text(session, "Subject: hello\r\nX-Mailer: bu", 28);
    api->header_text(session, "lk\r\n\r\nbody", 10);
    int header = api->end_of_headers(session, &v);
    expect(s, header == (is_spared ? GP_PASS : GP_FAIL), "the header");
    expect(s, is_spared || reply_is(&v, mine), "the header's reply is of other rules than helo's");
    expect(s, api->end_of_message(session, 100, &v) == header, "the end of the message");
    api->session_close(&session);
}

static unsigned sessions(void *context)
{
    struct shared *s = context;
    const unsigned count = rounds(SESSIONS), changes = rounds(CHANGES);
    for (unsigned n = 0; n < count || atomic_load(&s->changes) < changes; n++)
        whole_session(s, n);
    atomic_fetch_sub(&s->running, 1);
    return 0;
}

static void rules(struct doorway *d, char which)
{
    char text[512];
    snprintf(text, sizeof text,
             "exempt-table = exempt.cdb\ntrap-table = %ctraps.cdb\n"
             "helo, \"*zombie*\", fail, \"554 %c\"\n"
             "rcpt, trap, fail, \"554 %c\"\n"
             "header, \"X-Mailer:*bulk*\", fail, \"554 %c\"\n",
             which, which, which, which);
    temp_text(&d->folder, "gatepost.conf", text);
}

/* Tables are made once and then put in place: making one waits for the disk. */
struct made {
    char *bytes;
    size_t n;
};

static struct made make_table(struct doorway *d, const char *text)
{
    struct made made;
    struct file_id id;
    doorway_table(d, "made.cdb", text);
    assert_int_equal(os_read(temp_path(&d->folder, "made.cdb"), 1 << 20, &made.bytes, &made.n, &id), 0);
    return made;
}

static void threads__rules_and_tables_change_under_them__verdicts_stay_right(void **state)
{
    struct doorway d;
    struct gp_host host = {.size = sizeof host, .log = quiet};
    char config[256], state_dir[256];
    struct thread thread[THREADS];
    (void)state;
    doorway_make(&d);
    snprintf(config, sizeof config, "%s", temp_path(&d.folder, "gatepost.conf"));
    snprintf(state_dir, sizeof state_dir, "%s", temp_path(&d.folder, "state"));
    doorway_table(&d, "exempt.cdb", "192.0.2.0/24 all\n");
    doorway_table(&d, "atraps.cdb", "to:trap@example.com\n");
    doorway_table(&d, "btraps.cdb", "to:trap@\n");
    struct made exempt = make_table(&d, "192.0.2.1 all\n198.51.100.1 all\n");
    struct made traps = make_table(&d, "to:trap@\nto:other@\n");
    rules(&d, 'a');
    struct shared s = {.api = gatepost_api(GP_API_MAJOR)};
    struct gp_open_options o = {.size = sizeof o, .host = &host, .config = config, .state_dir = state_dir};
    assert_int_equal(s.api->engine_open(&o, &s.engine, NULL), 1);
    atomic_store(&s.running, THREADS);
    for (int i = 0; i < THREADS; i++)
        thread_start(&thread[i], sessions, &s);
    for (; atomic_load(&s.running); atomic_fetch_add(&s.changes, 1)) {
        switch (atomic_load(&s.changes) % 4) {
        case 0:
            rules(&d, 'b');
            break;
        case 1:
            temp_put(&d.folder, "exempt.cdb", exempt.bytes, exempt.n);
            break;
        case 2:
            rules(&d, 'a');
            break;
        default:
            temp_put(&d.folder, "btraps.cdb", traps.bytes, traps.n);
        }
        expect(&s, s.api->engine_refresh(s.engine) >= 0, "what was put there is not taken");
    }
    for (int i = 0; i < THREADS; i++)
        thread_join(&thread[i]);
    if (atomic_load(&s.wrong))
        print_error("after %u changes: %s\n", atomic_load(&s.changes), atomic_load(&s.wrong));
    assert_null(atomic_load(&s.wrong));
    s.api->engine_close(&s.engine);
    free(exempt.bytes);
    free(traps.bytes);
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads__rules_and_tables_change_under_them__verdicts_stay_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
