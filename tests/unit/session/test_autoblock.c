/* Who is put on the blocklist, by a rule or by a relay pattern, for how long, and who never is. */
#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

enum { NOW = 1180399293, DAY = 86400, WEEK = 7 * DAY };

static void open_keeping(struct doorway *d, const char *rules)
{
    doorway_make(d);
    d->now = NOW;
    temp_text(&d->folder, "gatepost.conf", rules);
    assert_int_equal(doorway_engine(d, 0), 1);
    d->log[0] = '\0'; /* that the rules are in force */
}

static bool is_listed(struct doorway *d, const char *address)
{
    return doorway_connect(d, address, NULL) == GP_CLOSE && strcmp(d->verdict.cause, "blocklist") == 0;
}

static void block__offended_again__stays_longer(void **state)
{
    static const struct {
        const char *label;
        int64_t after; /* the last stay began so many seconds ago */
        uint32_t seconds;
    } rows[] = {
        {"first time", 0, 10},    {"second", 10, 30},     {"third", 30, 60},        {"every later one", 60, 60},
        {"last moment", 160, 60}, {"forgotten", 161, 10}, {"second again", 11, 30},
    };
    struct doorway d;
    (void)state;
    open_keeping(&d, "block-time = 10s 30s 60s\nblock-memory = 100s\nhelo, \"*zombie*\", refuse block\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        d.now += rows[i].after;
        assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
        assert_int_equal(doorway_helo(&d, "EHLO zombie"), GP_REFUSE);
        if (d.verdict.block_seconds != rows[i].seconds)
            print_error("%s\n", rows[i].label);
        assert_int_equal(d.verdict.block_seconds, rows[i].seconds);
        d.now += rows[i].seconds - 1;
        assert_true(is_listed(&d, CLIENT));
        assert_string_equal(d.verdict.reply, "554 5.7.1 Connection refused because of short-term restriction");
        d.now -= rows[i].seconds - 1;
    }
    doorway_close(&d);
}

static void block__time_in_the_rule__goes_before_the_steps(void **state)
{
    struct doorway d;
    (void)state;
    open_keeping(&d, "block-time = 10s\nrcpt, \"*trap@*\", close block(24h), \"554 Go away\"\n");
    doorway_connect(&d, CLIENT, NULL);
    doorway_helo(&d, "EHLO a.example");
    doorway_mail(&d, "MAIL FROM:<a@b.example>");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_CLOSE);
    assert_int_equal(d.verdict.block_seconds, DAY);
    assert_string_equal(d.log, "gatepost: close phase=rcpt client=" CLIENT
                               " helo=\"a.example\" from=\"a@b.example\" to=\"trap@example.com\" "
                               "rule=gatepost.conf:2 reply=\"554 Go away\" blocked=1d\n");
    d.now += DAY - 1;
    assert_true(is_listed(&d, CLIENT));
    assert_false(is_listed(&d, "203.0.113.8"));
    d.now += 1;
    assert_false(is_listed(&d, CLIENT));
    doorway_close(&d);
}

static const char who_rules[] = "judge-authenticated = yes\n"
                                "own-networks = 127.0.0.0/8 192.0.2.0/24\n"
                                "exempt-table = exempt.cdb\n"
                                "relay-pattern = envelope 2 clients 1h\n"
                                "helo, \"*friend*\", exempt\n"
                                "rcpt, \"*trap@*\", fail block, \"554 no\"\n";

static void block__ours_authenticated_and_exempt__never_listed(void **state)
{
    static const struct {
        const char *label, *address, *helo, *sender;
        bool auth;
        int action;
        bool listed;
    } rows[] = {
        {"anybody", "203.0.113.1", "EHLO a.example", "a@b.example", false, GP_FAIL, true},
        {"own network", "192.0.2.1", "EHLO a.example", "a@b.example", false, GP_PASS, false},
        {"loopback", "127.0.0.1", "EHLO a.example", "a@b.example", false, GP_PASS, false},
        {"authenticated", "203.0.113.2", "EHLO a.example", "a@b.example", true, GP_FAIL, false},
        {"exempt from the blocklist", "203.0.113.3", "EHLO a.example", "a@b.example", false, GP_FAIL, false},
        {"sender exempt from it", "203.0.113.4", "EHLO a.example", "a@partner.example", false, GP_FAIL, false},
        {"action exempt", "203.0.113.5", "EHLO friend", "a@b.example", false, GP_PASS, false},
        {"no address", "unix socket", "EHLO a.example", "a@b.example", false, GP_FAIL, false},
        {"anybody else", "203.0.113.6", "EHLO a.example", "a@b.example", false, GP_FAIL, true},
    };
    struct doorway d;
    (void)state;
    doorway_make(&d);
    d.now = NOW;
    temp_text(&d.folder, "gatepost.conf", who_rules);
    doorway_table(&d, "exempt.cdb", "203.0.113.3 blocklist\nfrom:@partner.example blocklist\n");
    assert_int_equal(doorway_engine(&d, 0), 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char mail[100];
        snprintf(mail, sizeof mail, "MAIL FROM:<%s>", rows[i].sender);
        doorway_connect(&d, rows[i].address, NULL);
        if (rows[i].auth)
            d.api->auth(d.session);
        doorway_helo(&d, rows[i].helo);
        doorway_mail(&d, mail);
        int action = doorway_rcpt(&d, "RCPT TO:<trap@example.com>");
        bool listed = d.verdict.block_seconds > 0;
        if (action != rows[i].action || listed != rows[i].listed)
            print_error("%s\n", rows[i].label);
        assert_int_equal(action, rows[i].action);
        assert_int_equal(listed, rows[i].listed);
        assert_int_equal(is_listed(&d, rows[i].address), rows[i].listed);
    }
    doorway_close(&d);
}

/* What a `log` rule of HELO or of the connection does to the client waits for MAIL. */
static void block__that_waits_for_mail__comes_unless_spared(void **state)
{
    static const struct {
        const char *label, *address;
        uint32_t port;
        const char *helo, *again, *mail; /* NULL: not said */
        bool listed;
    } rows[] = {
        {"at MAIL", "203.0.113.1", 25, "EHLO pc", NULL, "MAIL FROM:<a@b.example>", true},
        {"exempt sender", "203.0.113.2", 25, "EHLO pc", NULL, "MAIL FROM:<a@partner.example>", false},
        {"MAIL not reported", "203.0.113.3", 25, "EHLO pc", NULL, NULL, true},
        {"another HELO", "203.0.113.4", 25, "EHLO pc", "EHLO a.example", "MAIL FROM:<a@b.example>", false},
        {"connection, then HELO", "198.51.100.1", 587, "EHLO pc", "EHLO a.example", "MAIL FROM:<a@b.example>",
         true},
    };
    struct doorway d;
    (void)state;
    doorway_make(&d);
    d.now = NOW;
    temp_text(&d.folder, "gatepost.conf",
              "exempt-table = exempt.cdb\nconnect, \"*198.51.100.*\", log block, \"seen\"\n"
              "helo-deferred, not fqdn, log block, \"odd\"\n");
    doorway_table(&d, "exempt.cdb", "from:@partner.example helo-deferred\n");
    assert_int_equal(doorway_engine(&d, 0), 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        doorway_connect_port(&d, rows[i].address, NULL, rows[i].port);
        assert_int_equal(doorway_helo(&d, rows[i].helo), GP_PASS);
        if (rows[i].again)
            assert_int_equal(doorway_helo(&d, rows[i].again), GP_PASS);
        if (rows[i].mail)
            assert_int_equal(doorway_mail(&d, rows[i].mail), GP_PASS);
        assert_int_equal(doorway_rcpt(&d, "RCPT TO:<c@example.com>"), GP_PASS);
        bool listed = is_listed(&d, rows[i].address);
        if (listed != rows[i].listed)
            print_error("%s\n", rows[i].label);
        assert_int_equal(listed, rows[i].listed);
    }
    doorway_close(&d);
}

/* A session goes on under the rules it began with; how the list is asked is for those in force now. */
static void block__by_a_session_of_the_rules_before__leaves_the_list_as_it_is_meant_now(void **state)
{
    struct doorway d;
    struct gp_session *former;
    (void)state;
    open_keeping(&d, "block-prefix = 24 64\nrcpt, \"*trap@*\", fail block, \"554 no\"\n");
    doorway_envelope(&d, "203.0.113.1");
    former = d.session;
    d.session = NULL;
    temp_text(&d.folder, "gatepost.conf", "block-prefix = 32 64\nrcpt, \"*trap@*\", fail block, \"554 no\"\n");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_int_equal(d.api->rcpt(former, "RCPT TO:<trap@example.com>", 26, 0, NULL), GP_FAIL);
    d.api->session_close(&former);
    assert_true(is_listed(&d, "203.0.113.1"));
    assert_false(is_listed(&d, "203.0.113.2"));
    doorway_close(&d);
}

/* An attempt of one envelope from ADDRESS, refused with REPLY at RCPT. Returns for how long that lists it. */
static uint32_t attempt(struct doorway *d, const char *address, const char *mail)
{
    assert_int_equal(doorway_connect(d, address, NULL), GP_PASS);
    doorway_helo(d, "EHLO host.aci.net");
    doorway_mail(d, mail);
    assert_int_equal(doorway_rcpt(d, "RCPT TO:<lennon@onlinerock.example>"), GP_FAIL);
    return d->verdict.block_seconds;
}

static void relay_pattern__third_client__lists_all_three_and_the_fourth_at_once(void **state)
{
    struct doorway d;
    (void)state;
    open_keeping(&d, "relay-pattern = envelope 3 clients 1h\nrelay-block = 7d\n"
                     "rcpt, \"*lennon@*\", fail, \"553 Unidentified\"\n");
    assert_int_equal(attempt(&d, "61.77.232.38", "MAIL FROM:<5140@aci.example>"), 0);
    assert_int_equal(attempt(&d, "165.246.189.33", "MAIL FROM:<5140@ACI.example>"), 0);
    assert_int_equal(attempt(&d, "61.77.232.38", "MAIL FROM:<5140@aci.example>"), 0);
    d.log[0] = '\0';
    assert_int_equal(attempt(&d, "211.209.23.36", "MAIL FROM:<5140@aci.example>"), WEEK);
    assert_string_equal(
        d.log, "gatepost: relay-pattern from=\"5140@aci.example\" to=\"lennon@onlinerock.example\" "
               "clients=61.77.232.38,165.246.189.33,211.209.23.36 blocked=7d\n"
               "gatepost: fail phase=rcpt client=211.209.23.36 helo=\"host.aci.net\" from=\"5140@aci.example\" "
               "to=\"lennon@onlinerock.example\" rule=gatepost.conf:3 reply=\"553 Unidentified\" blocked=7d\n");
    assert_true(is_listed(&d, "61.77.232.38"));
    assert_string_equal(d.verdict.reply, "550 5.7.1 Apparent open relay");
    assert_true(is_listed(&d, "165.246.189.33"));
    assert_true(is_listed(&d, "211.209.23.36"));
    assert_int_equal(attempt(&d, "12.237.128.54", "MAIL FROM:<5140@aci.example>"), WEEK);
    assert_true(is_listed(&d, "12.237.128.54"));
    d.now += WEEK;
    assert_false(is_listed(&d, "12.237.128.54"));
    doorway_close(&d);
}

static void relay_pattern__what_ties_nothing_together__lists_nobody(void **state)
{
    static const struct {
        const char *label, *mail, *reply;
        int64_t pause; /* between two clients */
    } rows[] = {
        {"bounces", "MAIL FROM:<>", "554 no", 1},
        {"come back later", "MAIL FROM:<a@b.example>", "451 4.7.1 Later", 1},
        {"too far apart", "MAIL FROM:<a@b.example>", "554 no", 3601},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        char rules[200];
        snprintf(rules, sizeof rules,
                 "relay-pattern = envelope 2 clients 1h\nrcpt, \"*lennon@*\", fail, \"%s\"\n", rows[i].reply);
        open_keeping(&d, rules);
        for (int client = 1; client < 5; client++) {
            char address[32];
            snprintf(address, sizeof address, "203.0.113.%d", client);
            if (attempt(&d, address, rows[i].mail) != 0)
                fail_msg("%s", rows[i].label);
            d.now += rows[i].pause;
        }
        assert_null(strstr(d.log, "relay-pattern"));
        doorway_close(&d);
    }
}

static void block__mode_log__says_for_how_long_and_lists_nobody(void **state)
{
    struct doorway d;
    (void)state;
    open_keeping(&d, "mode = log\nblock-time = 2h\nhelo, \"*zombie*\", refuse block, \"554 no\"\n");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
        assert_int_equal(doorway_helo(&d, "EHLO zombie"), GP_PASS);
        assert_string_equal(d.log, "gatepost: would refuse phase=helo client=" CLIENT
                                   " helo=\"zombie\" rule=gatepost.conf:3 reply=\"554 no\" blocked=2h\n");
        d.log[0] = '\0';
    }
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block__offended_again__stays_longer),
        cmocka_unit_test(block__time_in_the_rule__goes_before_the_steps),
        cmocka_unit_test(block__ours_authenticated_and_exempt__never_listed),
        cmocka_unit_test(block__that_waits_for_mail__comes_unless_spared),
        cmocka_unit_test(block__by_a_session_of_the_rules_before__leaves_the_list_as_it_is_meant_now),
        cmocka_unit_test(relay_pattern__third_client__lists_all_three_and_the_fourth_at_once),
        cmocka_unit_test(relay_pattern__what_ties_nothing_together__lists_nobody),
        cmocka_unit_test(block__mode_log__says_for_how_long_and_lists_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
