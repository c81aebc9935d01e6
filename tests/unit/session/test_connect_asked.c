/*
 * GP_CONNECT_ASKED: a host that cannot keep the session of a connection event judges the connection in one that ends
 * at once, and again, in silence, in the session proper.
 */
#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

static void open_keeping(struct doorway *d, const char *rules)
{
    doorway_make(d);
    temp_text(&d->folder, "gatepost.conf", rules);
    assert_int_equal(doorway_engine(d, 0), 1);
    d->log[0] = '\0'; /* that the rules are in force */
}

static void open_client(struct doorway *d, uint32_t flags, uint32_t port)
{
    struct gp_client client = {.size = sizeof client, .flags = flags, .local_port = port};
    client.address = CLIENT;
    client.address_size = strlen(CLIENT);
    d->api->session_close(&d->session);
    assert_int_equal(d->api->session_open(d->engine, &client, &d->session), 0);
    d->verdict.size = sizeof d->verdict;
}

/* The connection event, then HELO in a session of its own. Returns what connect() decided. */
static int connect_then_helo(struct doorway *d, uint32_t port, int *helo)
{
    open_client(d, 0, port);
    int action = d->api->connect(d->session, &d->verdict);
    open_client(d, GP_CONNECT_ASKED, port);
    *helo = doorway_helo(d, "EHLO mx.example.net");
    return action;
}

static unsigned lines(const char *log, const char *what)
{
    unsigned n = 0;
    for (const char *p = log; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

static const struct {
    const char *label;
    const char *rules;
    uint32_t port;
    int connect, helo, mail;
    const char *logged; /* what the log must have exactly once; NULL: it stays empty */
} cases[] = {
    {"nothing triggers", "connect, \"*198.51.100.1\", close, \"554 no\"\n", 25, GP_PASS, GP_PASS, GP_PASS,
     NULL},
    {"a log rule is logged once", "connect, \"*\", log, \"seen\"\n", 25, GP_PASS, GP_PASS, GP_PASS,
     "text=\"seen\""},
    {"a log rule that blocks ends no session that goes on", "connect, \"*\", log block, \"seen\"\n", 25,
     GP_PASS, GP_PASS, GP_PASS, "text=\"seen\""},
    {"an exemption holds for the session proper", "connect, \"*\", exempt\nmail, \"*\", fail, \"554 no\"\n", 25,
     GP_PASS, GP_PASS, GP_PASS, NULL},
    {"with mode = log it is said once", "mode = log\nconnect, \"*\", close, \"554 no\"\n", 25, GP_PASS, GP_PASS,
     GP_PASS, "would close"},
    {"on a submission port it waits until MAIL", "connect, \"*\", close, \"554 no\"\n", 587, GP_PASS, GP_PASS,
     GP_CLOSE, "gatepost: close"},
    {"with mode = log it waits as well", "mode = log\nconnect, \"*\", close, \"554 no\"\n", 587, GP_PASS,
     GP_PASS, GP_PASS, "would close"},
    {"what closes closes", "connect, \"*\", close, \"554 no\"\n", 25, GP_CLOSE, GP_CLOSE, GP_CLOSE, NULL},
};

static void each_kind_of_rule__acts_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct doorway d;
        int helo;
        open_keeping(&d, cases[i].rules);
        int action = connect_then_helo(&d, cases[i].port, &helo);
        int mail = doorway_mail(&d, "MAIL FROM:<a@example.net>");
        if (action != cases[i].connect || helo != cases[i].helo || mail != cases[i].mail)
            fail_msg("%s: %d %d %d", cases[i].label, action, helo, mail);
        if (cases[i].logged ? lines(d.log, cases[i].logged) != 1 || lines(d.log, "\n") != 1
                            : cases[i].connect == GP_PASS && d.log[0] != '\0')
            fail_msg("%s: the log is %s", cases[i].label, d.log);
        doorway_close(&d);
    }
}

/* With block-at = mail the blocklist refuses at MAIL; the hit is counted at the connection alone. */
static void blocklist__block_at_mail__is_hit_once_and_refuses_at_mail(void **state)
{
    struct doorway d;
    int helo;
    (void)state;
    open_keeping(&d, "block-at = mail\nrcpt, \"*trap*\", close block, \"554 no\"\n");
    open_client(&d, 0, 25);
    doorway_helo(&d, "EHLO mx.example.net");
    doorway_mail(&d, "MAIL FROM:<a@example.net>");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_CLOSE);
    d.log[0] = '\0';
    assert_int_equal(connect_then_helo(&d, 25, &helo), GP_PASS);
    assert_int_equal(helo, GP_PASS);
    assert_string_equal(d.log, "");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@example.net>"), GP_CLOSE);
    assert_int_equal(lines(d.log, "rule=blocklist"), 1);
    doorway_close(&d);
}

/* Without the flag the same session is refused: the flag is what makes the difference. */
static void without_the_flag__the_connection_is_judged_as_ever(void **state)
{
    struct doorway d;
    (void)state;
    open_keeping(&d, "connect, \"*\", log block, \"seen\"\n");
    open_client(&d, 0, 25);
    assert_int_equal(d.api->connect(d.session, &d.verdict), GP_PASS);
    open_client(&d, 0, 25);
    assert_int_equal(doorway_helo(&d, "EHLO mx.example.net"), GP_CLOSE);
    assert_string_equal(d.verdict.cause, "blocklist");
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_rule__acts_once),
        cmocka_unit_test(blocklist__block_at_mail__is_hit_once_and_refuses_at_mail),
        cmocka_unit_test(without_the_flag__the_connection_is_judged_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
