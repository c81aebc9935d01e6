/* Which clients are put on the blocklist, by a rule or by a relay pattern, for how long, and which never. */
#include "tests/unit/lib/doorway.h"

#include "core/os/os.h"

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

/* A session keeps the rules it began with, but the list is looked up by the rules now in force. */
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

/* MAIL FROM:<> to a trap comes from the server of the forged sender; the reply stays, and no client is
 * listed. */
static void block__null_sender__only_with_bounces(void **state)
{
    static const struct {
        const char *label, *rule;
        const char *mail; /* NULL: not reported */
        bool listed;
    } rows[] = {
        {"rcpt", "rcpt, \"*trap@*\", fail block", "MAIL FROM:<>", false},
        {"rcpt, bounces", "rcpt, \"*trap@*\", fail block bounces", "MAIL FROM:<>", true},
        {"rcpt, time and bounces", "rcpt, \"*trap@*\", close block(24h) bounces", "MAIL FROM:<>", true},
        {"rcpt, a sender", "rcpt, \"*trap@*\", fail block", "MAIL FROM:<a@b.example>", true},
        {"rcpt, a null sender in other words", "rcpt, \"*trap@*\", fail block", "MAIL FROM: < >", false},
        {"rcpt, a null sender with parameters", "rcpt, \"*trap@*\", fail block", "MAIL FROM:<> SIZE=1", false},
        {"rcpt, sender not reported", "rcpt, \"*trap@*\", fail block", NULL, true},
        {"rcpt, log", "rcpt, \"*trap@*\", log block, \"seen\"", "MAIL FROM:<>", false},
        {"rcpt, log bounces", "rcpt, \"*trap@*\", log block bounces, \"seen\"", "MAIL FROM:<>", true},
        {"mail", "mail, \"*\", refuse block", "MAIL FROM:<>", false},
        {"header", "subject, \"*spam*\", fail block", "MAIL FROM:<>", false},
        {"header, log", "header, \"*spam*\", log block, \"seen\"", "MAIL FROM:<>", false},
        {"headers", "headers, not has(From), fail block", "MAIL FROM:<>", false},
        {"headers, bounces", "headers, not has(From), fail block bounces", "MAIL FROM:<>", true},
        {"held", "helo-deferred, not fqdn, refuse block", "MAIL FROM:<>", false},
        {"held, bounces", "helo-deferred, not fqdn, refuse block bounces", "MAIL FROM:<>", true},
        {"held, a sender", "helo-deferred, not fqdn, refuse block", "MAIL FROM:<a@b.example>", true},
        {"held log", "helo-deferred, not fqdn, log block, \"seen\"", "MAIL FROM:<>", false},
        {"before MAIL", "helo, \"*pc\", refuse block", "MAIL FROM:<>", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        char rules[200];
        snprintf(rules, sizeof rules, "%s\n", rows[i].rule);
        open_keeping(&d, rules);
        doorway_connect(&d, CLIENT, NULL);
        int action = doorway_helo(&d, "EHLO pc");
        if (action == GP_PASS && rows[i].mail)
            action = doorway_mail(&d, rows[i].mail);
        if (action == GP_PASS)
            action = doorway_rcpt(&d, "RCPT TO:<trap@example.com>");
        if (action == GP_PASS)
            action = doorway_message(&d, "Subject: spam\r\n");
        if ((action == GP_PASS) != (strstr(rows[i].rule, " log ") != NULL))
            fail_msg("%s: the reply", rows[i].label);
        const bool said = strstr(d.log, "blocked=") != NULL;
        if (is_listed(&d, CLIENT) != rows[i].listed)
            fail_msg("%s: %s", rows[i].label, rows[i].listed ? "is not listed" : "is listed");
        if (said != rows[i].listed && strcmp(rows[i].label, "held log") != 0)
            fail_msg("%s: the log", rows[i].label);
        doorway_close(&d);
    }
}

/* Honest forwarders pass on spam that others have sent to them. A client with an entry of its own is not a
 * relay: this is checked for each client of a pattern, whether it had the entry before its attempt or not. */
static void relay_pattern__known_forwarders__are_left_out(void **state)
{
    static const struct {
        const char *label;
        const char *before, *after; /* the exemption table until, and from, the third attempt */
        const char *clients[4];
        unsigned listed; /* bit per client */
    } rows[] = {
        {"nobody known", "192.0.2.1 all\n", NULL, {"203.0.113.1", "203.0.113.2", "203.0.113.3"}, 7},
        {"three forwarders",
         "203.0.113.0/24 headers\n",
         NULL,
         {"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"},
         0},
        {"each by another kind of entry",
         "203.0.113.1 helo\n203.0.113.2 blocklist\n2001:db8::/32 message-id\n",
         NULL,
         {"203.0.113.1", "203.0.113.2", "2001:db8::1", "198.51.100.1"},
         0},
        {"one host of a prefix",
         "2001:db8::25 subject\n",
         NULL,
         {"2001:db8::25", "203.0.113.2", "203.0.113.3", "203.0.113.4"},
         2 + 4 + 8},
        {"none takes one out of a range",
         "203.0.113.0/24 helo\n203.0.113.1 none\n203.0.113.2 None\n203.0.113.3 none\n",
         NULL,
         {"203.0.113.1", "203.0.113.2", "203.0.113.3"},
         7},
        {"known since",
         "192.0.2.1 all\n",
         "203.0.113.1 helo\n",
         {"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"},
         2 + 4 + 8},
        {"known since, and too few are left",
         "192.0.2.1 all\n",
         "203.0.113.1 helo\n",
         {"203.0.113.1", "203.0.113.2", "203.0.113.4"},
         0},
        {"exempt by sender is no entry of a client",
         "from:@other.example all\nhelo:a.example all\n",
         NULL,
         {"203.0.113.1", "203.0.113.2", "203.0.113.3"},
         7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        doorway_make(&d);
        d.now = NOW;
        temp_text(&d.folder, "gatepost.conf",
                  "exempt-table = exempt.cdb\nrelay-pattern = envelope 3 clients 1h\n"
                  "rcpt, \"*lennon@*\", fail, \"554 no\"\n");
        doorway_table(&d, "exempt.cdb", rows[i].before);
        assert_int_equal(doorway_engine(&d, 0), 1);
        unsigned n = 0;
        while (n < 4 && rows[i].clients[n])
            n++;
        for (unsigned c = 0; c < n; c++) {
            if (c == 2 && rows[i].after) {
                doorway_table(&d, "exempt.cdb", rows[i].after);
                assert_int_equal(d.api->engine_refresh(d.engine), 1);
            }
            attempt(&d, rows[i].clients[c], "MAIL FROM:<a@b.example>");
        }
        for (unsigned c = 0; c < n; c++)
            if (is_listed(&d, rows[i].clients[c]) != (rows[i].listed >> c & 1))
                fail_msg("%s: %s %s", rows[i].label, rows[i].clients[c],
                         rows[i].listed >> c & 1 ? "is not listed" : "is listed");
        if ((strstr(d.log, "relay-pattern") != NULL) != (rows[i].listed != 0))
            fail_msg("%s: the log", rows[i].label);
        doorway_close(&d);
    }
}

static void relay_pattern__with_relay_block_log__is_told_and_lists_nobody(void **state)
{
    struct doorway d;
    (void)state;
    open_keeping(&d, "relay-pattern = envelope 2 clients 1h\nrelay-block = log\n"
                     "rcpt, \"*lennon@*\", fail, \"554 no\"\n");
    attempt(&d, "203.0.113.1", "MAIL FROM:<a@b.example>");
    assert_null(strstr(d.log, "relay-pattern"));
    assert_int_equal(attempt(&d, "203.0.113.2", "MAIL FROM:<a@b.example>"), 0);
    assert_non_null(strstr(d.log,
                           "gatepost: relay-pattern from=\"a@b.example\" to=\"lennon@onlinerock.example\" "
                           "clients=203.0.113.1,203.0.113.2\n"));
    assert_null(strstr(d.log, "blocked="));
    assert_false(is_listed(&d, "203.0.113.1"));
    assert_false(is_listed(&d, "203.0.113.2"));
    doorway_close(&d);
}

/* However an address is spelled, and whatever the server makes of it, it is one attempt. */
static void relay_pattern__spellings_of_one_envelope__are_one(void **state)
{
    static const struct {
        const char *mail, *mail_parsed, *rcpt, *rcpt_parsed;
    } rows[] = {
        {"MAIL FROM:<\"a\"@b.example>", NULL, "RCPT TO:<lennon@c.example>", NULL},
        {"MAIL FROM:<A@B.example.>", NULL, "RCPT TO:<\"lennon\"@c.example>", NULL},
        {"MAIL FROM:<@x.example:a@b.example>", NULL, "RCPT TO:<l\\ennon@c.example>", NULL},
        {"MAIL FROM:<a(b)@b.example>", NULL, "RCPT TO:<lennon @ c.example>", NULL},
        {"MAIL FROM:<b.example!a>", "a@b.example", "RCPT TO:<c.example!lennon>", "lennon@c.example"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        open_keeping(&d, "relay-pattern = envelope 2 clients 1h\nrcpt, \"*lennon*\", fail, \"554 no\"\n"
                         "rcpt, \"*l\\ennon*\", fail, \"554 no\"\n");
        for (int second = 0; second < 2; second++) {
            doorway_connect(&d, second ? "203.0.113.2" : "203.0.113.1", NULL);
            doorway_helo(&d, "EHLO a.example");
            if (second && rows[i].mail_parsed)
                d.api->mail_parsed(d.session, rows[i].mail_parsed, strlen(rows[i].mail_parsed), 0);
            doorway_mail(&d, second ? rows[i].mail : "MAIL FROM:<a@b.example>");
            if (second && rows[i].rcpt_parsed)
                d.api->rcpt_parsed(d.session, rows[i].rcpt_parsed, strlen(rows[i].rcpt_parsed), 0);
            assert_int_equal(doorway_rcpt(&d, second ? rows[i].rcpt : "RCPT TO:<lennon@c.example>"), GP_FAIL);
        }
        if (!d.verdict.block_seconds)
            fail_msg("%s %s", rows[i].mail, rows[i].rcpt);
        doorway_close(&d);
    }
}

static unsigned lines_with(const struct doorway *d, const char *what)
{
    unsigned n = 0;
    for (const char *p = strstr(d->log, what); p; p = strstr(p + 1, what))
        n++;
    return n;
}

/* Where nothing can be written down, as on a full disk: each client that should have been listed is named once. */
static void block__no_place_for_state__one_line_for_each_client(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "rcpt, \"*trap@*\", fail block, \"554 no\"\n");
    assert_true(folder_remove(temp_path(&d.folder, "state")));
    assert_int_equal(doorway_engine(&d, 0), 1);
    for (int round = 0; round < 3; round++) {
        for (int client = 1; client <= 5; client++) {
            char address[32];
            snprintf(address, sizeof address, "203.0.113.%d", client);
            doorway_envelope(&d, address);
            for (int i = 0; i < 3; i++)
                assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_FAIL);
        }
    }
    assert_int_equal(lines_with(&d, "a client could not be put on the blocklist: "), 5);
    assert_int_equal(lines_with(&d, "a client could not be put on the blocklist: client=203.0.113.4: "), 1);
    doorway_close(&d);
}

/* While others hold the lock each session waits a while in all, and says once what it could not do. */
static void block__lock_held__said_once_a_session(void **state)
{
    struct doorway d;
    struct os_lock lock;
    (void)state;
    open_keeping(&d, "relay-pattern = envelope 2 clients 1h\nrcpt, \"*trap*\", fail block, \"554 no\"\n");
    assert_int_equal(os_lock(temp_path(&d.folder, "state/lock"), 20, &lock), 0);
    for (int session = 0; session < 2; session++) {
        doorway_envelope(&d, CLIENT);
        for (int i = 0; i < 30; i++)
            assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_FAIL);
    }
    assert_int_equal(lines_with(&d, "a client could not be put on the blocklist: client=" CLIENT ": "), 2);
    assert_int_equal(lines_with(&d, "a rejected attempt could not be noted: client=" CLIENT ": "), 2);
    os_unlock(&lock);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_FAIL);
    assert_true(is_listed(&d, CLIENT));
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
        cmocka_unit_test(block__null_sender__only_with_bounces),
        cmocka_unit_test(relay_pattern__known_forwarders__are_left_out),
        cmocka_unit_test(relay_pattern__with_relay_block_log__is_told_and_lists_nobody),
        cmocka_unit_test(relay_pattern__spellings_of_one_envelope__are_one),
        cmocka_unit_test(block__no_place_for_state__one_line_for_each_client),
        cmocka_unit_test(block__lock_held__said_once_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
