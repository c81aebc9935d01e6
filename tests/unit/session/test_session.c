#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

static void helo__own_name_refused__every_later_command_gets_the_same(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "own-names = mail.example.com\n"
                     "helo, own-name, refuse block, \"554 Format of command not acceptable here\"\n");
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO mail.example.com\r\n"), GP_REFUSE);
    assert_int_equal(d.verdict.code, 554);
    assert_string_equal(d.verdict.enhanced, "");
    assert_string_equal(d.verdict.text, "Format of command not acceptable here");
    assert_string_equal(d.verdict.reply, "554 Format of command not acceptable here");
    assert_string_equal(d.verdict.cause, "gatepost.conf:2");
    assert_int_equal(d.verdict.phase, GP_PHASE_HELO);
    assert_int_equal(d.verdict.block_seconds, 1800);
    assert_string_equal(
        d.log, "gatepost: refuse phase=helo client=203.0.113.9 helo=\"mail.example.com\" rule=gatepost.conf:2 "
               "reply=\"554 Format of command not acceptable here\" blocked=30m\n");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.example>"), GP_REFUSE);
    assert_string_equal(d.verdict.reply, "554 Format of command not acceptable here");
    assert_int_equal(d.verdict.block_seconds, 0);
    d.api->reset(d.session);
    d.api->auth(d.session);
    assert_int_equal(doorway_helo(&d, "EHLO client.example.net"), GP_REFUSE);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.example>"), GP_REFUSE);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_REFUSE);
    doorway_close(&d);
}

static void helo__argument_only__is_judged_as_EHLO(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(
        &d,
        "helo, \"EHLO bad.example\", fail, \"554 no\"\nmail, \"MAIL FROM:<a@b.c> SIZE=1\", fail, \"554 m\"\n"
        "rcpt, \"RCPT TO:<d@e.f>\", fail, \"554 r\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(d.api->helo(d.session, "bad.example", 11, GP_ARGUMENT, NULL), GP_FAIL);
    assert_int_equal(d.api->mail(d.session, "a@b.c SIZE=1", 12, GP_ARGUMENT, NULL), GP_FAIL);
    assert_int_equal(d.api->mail(d.session, "<a@b.c> SIZE=1", 14, GP_ARGUMENT, NULL), GP_FAIL);
    assert_int_equal(d.api->rcpt(d.session, "<d@e.f>", 7, GP_ARGUMENT, NULL), GP_FAIL);
    doorway_close(&d);
}

static void actions__each__has_its_reach(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "helo, \"*fail*\", fail, \"450 4.7.1 later\"\n"
                     "helo, \"*close*\", close, \"554 bye\"\n"
                     "helo, \"*drop*\", drop\n"
                     "helo, \"*log*\", log, \"seen\"\n"
                     "helo, \"*skip*\", skip\n"
                     "helo, \"*saint*\", exempt\n"
                     "helo, \"*x*\", fail, \"554 x\"\n"
                     "mail, \"*\", fail\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO fail"), GP_FAIL);
    assert_int_equal(d.verdict.code, 450);
    assert_string_equal(d.verdict.enhanced, "4.7.1");
    assert_string_equal(d.verdict.text, "later");
    assert_int_equal(doorway_helo(&d, "EHLO fine"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<>"), GP_FAIL);
    assert_string_equal(d.verdict.reply, "554 5.7.1 Transaction refused");

    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO close"), GP_CLOSE);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<>"), GP_CLOSE); /* a host that cannot close */

    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO drop"), GP_DROP);

    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO log.x"), GP_FAIL);
    assert_non_null(strstr(
        d.log,
        "gatepost: log phase=helo client=203.0.113.9 helo=\"log.x\" rule=gatepost.conf:4 text=\"seen\""));

    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO skip.x"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<>"), GP_FAIL);

    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO saint.x"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<>"), GP_PASS);
    doorway_close(&d);
}

static void connect__fail_and_refuse__act_as_close(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "connect, \"unknown 203.0.113.*\", fail, \"554 a\"\nconnect, \"*.dyn.example.net *\", "
                     "refuse, \"554 b\"\n");
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
    assert_int_equal(doorway_connect(&d, CLIENT, "a.dyn.example.net"), GP_CLOSE);
    assert_string_equal(d.verdict.reply, "554 b");
    assert_int_equal(d.api->connect(d.session, NULL), GP_CLOSE); /* a further call gets the same */
    assert_int_equal(doorway_connect(&d, "::ffff:203.0.113.9", NULL), GP_CLOSE);
    assert_int_equal(doorway_connect(&d, "198.51.100.1", NULL), GP_PASS);
    doorway_close(&d);
}

static void deferred__waits_for_mail__lapses_with_auth(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(
        &d, "helo-deferred, not fqdn, refuse block, \"554 no name\"\nmail, \"*\", fail, \"554 mail rule\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_REFUSE);
    assert_int_equal(d.verdict.phase, GP_PHASE_HELO);
    assert_int_equal(d.verdict.block_seconds, 1800);
    assert_string_equal(d.verdict.cause, "gatepost.conf:1");

    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    d.api->auth(d.session);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);

    /* A new HELO is judged again. */
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO laptop.example.net"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_FAIL);
    assert_string_equal(d.verdict.reply, "554 mail rule");
    doorway_close(&d);
}

static void submission_port__connect_and_helo__wait_for_mail(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "connect, \"*\", close, \"554 c\"\nhelo, not fqdn, refuse, \"554 h\"\n");
    assert_int_equal(doorway_connect_port(&d, CLIENT, NULL, 587), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    d.api->auth(d.session);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_connect_port(&d, CLIENT, NULL, 465), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_CLOSE);
    assert_string_equal(d.verdict.reply, "554 c");
    doorway_close(&d);
}

static void own_networks_and_locals__are_never_judged(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "connect, \"*\", close\nmail, \"*\", fail\n");
    assert_int_equal(doorway_connect(&d, "127.0.0.1", NULL), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_connect(&d, "::1", NULL), GP_PASS);
    assert_int_equal(doorway_connect(&d, "", NULL), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
    doorway_close(&d);
}

static void mail_without_helo__is_judged_as_an_empty_name(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "helo, not fqdn, fail, \"554 say who you are\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_FAIL);
    assert_int_equal(d.verdict.phase, GP_PHASE_HELO);
    doorway_connect(&d, CLIENT, NULL);
    d.api->unknown(d.session, GP_FACT_HELO);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    doorway_close(&d);
}

static void skipped_connect__is_asked_by_the_next_fact(void **state)
{
    struct doorway d;
    struct gp_client c = {.size = sizeof c, .address = CLIENT, .address_size = sizeof CLIENT - 1};
    (void)state;
    doorway_open(&d, "connect, \"*\", close, \"554 c\"\n");
    assert_int_equal(d.api->session_open(d.engine, &c, &d.session), 0);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.c>"), GP_CLOSE);
    assert_int_equal(d.verdict.phase, GP_PHASE_CONNECT);
    doorway_close(&d);
}

static void header__message_id_rules__answer_after_the_header(void **state)
{
    static const struct {
        const char *label, *header, *reply;
    } rows[] = {
        {"good", "Message-ID: <a@b.c>\r\n", NULL},
        {"two blanks", "Message-ID:  <a@b.c>\r\n", NULL},
        {"folded", "Message-ID:\r\n <a@b.c>\r\n", NULL},
        {"comment", "message-id: <a@b.c> (added)\r\n", NULL},
        {"missing", "Subject: x\r\nX-Message-ID: <a@b.c>\r\n",
         "553 Unidentified messages are not acceptable here"},
        {"no brackets", "Message-ID: a@b.c\r\n", "553 Message-ID must be an addr-spec; see RFC 2822"},
        {"two in one", "Message-ID: <a@b.c> <d@e.f>\r\n", "553 Message-ID must be an addr-spec; see RFC 2822"},
        {"empty", "Message-ID:\r\n", "553 Message-ID must be an addr-spec; see RFC 2822"},
        {"second bad", "Message-ID: <a@b.c>\r\nMessage-ID: x\r\n",
         "553 Message-ID must be an addr-spec; see RFC 2822"},
        {"behind the body", "Subject: x\r\n\r\nMessage-ID: <a@b.c>\r\n",
         "553 Unidentified messages are not acceptable here"},
    };
    struct doorway d;
    (void)state;
    doorway_open(&d,
                 "message-id, not msg-id, fail, \"553 Message-ID must be an addr-spec; see RFC 2822\"\n"
                 "headers, not has(Message-ID), fail, \"553 Unidentified messages are not acceptable here\"\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        doorway_envelope(&d, CLIENT);
        int action = doorway_message(&d, rows[i].header);
        if (action != (rows[i].reply ? GP_FAIL : GP_PASS))
            print_error("%s\n", rows[i].label);
        assert_int_equal(action, rows[i].reply ? GP_FAIL : GP_PASS);
        if (rows[i].reply)
            assert_string_equal(d.verdict.reply, rows[i].reply);
    }
    /* The next message of the same session starts fresh. */
    doorway_envelope(&d, CLIENT);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_FAIL);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_message(&d, "Message-ID: <a@b.c>\r\n"), GP_PASS);
    doorway_close(&d);
}

static void header__rules_of_several_kinds__first_in_the_order_received_decides(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "subject, \"*viagra*\", fail, \"554 subject\"\n"
                     "header, \"X-Mailer:*bulk*\", fail, \"554 mailer\"\n"
                     "header, \"*unanchored words*\", fail, \"554 any\"\n"
                     "subject, \"bare value\", fail, \"554 bare\"\n"
                     "headers, not once(From), fail, \"554 from\"\n");
    static const struct {
        const char *header, *reply;
    } rows[] = {
        {"From: a\r\nSubject: Cheap VIAGRA here\r\n", "554 subject"},
        {"From: a\r\nX-Mailer: The Bulk 1.0\r\nSubject: viagra\r\n", "554 mailer"},
        {"From: a\r\nSubject: viagra\r\nX-Mailer: bulk\r\n", "554 subject"},
        {"From: a\r\nComments: some\r\n unanchored words\r\n too\r\n", "554 any"},
        {"From: a\r\nSubject: bare value\r\n", "554 bare"},
        {"From: a\r\nFrom: b\r\n", "554 from"},
        {"Subject: none\r\n", "554 from"},
        {"From: a\r\nX-Mailerx: bulk\r\n", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        doorway_envelope(&d, CLIENT);
        int action = doorway_message(&d, rows[i].header);
        assert_int_equal(action, rows[i].reply ? GP_FAIL : GP_PASS);
        if (rows[i].reply)
            assert_string_equal(d.verdict.reply, rows[i].reply);
    }
    doorway_close(&d);
}

static void header__not_shown_whole__cannot_say_that_a_field_is_missing(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "headers, not has(Message-ID), fail, \"553 no\"\n");
    doorway_envelope(&d, CLIENT);
    d.api->unknown(d.session, GP_FACT_ALL_FIELDS);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_PASS);
    doorway_close(&d);
}

static void header__field_by_field__is_judged_alike(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "message-id, not msg-id, fail, \"553 bad\"\n");
    doorway_envelope(&d, CLIENT);
    d.api->header(d.session, "Message-ID", 10, " <a@b.c>\r\n (folded)", 19);
    assert_int_equal(d.api->end_of_headers(d.session, NULL), GP_PASS);
    doorway_envelope(&d, CLIENT);
    d.api->header(d.session, "Message-ID", 10, "a@b.c", 5);
    assert_int_equal(d.api->end_of_headers(d.session, NULL), GP_FAIL);
    assert_int_equal(d.api->end_of_message(d.session, 0, NULL), GP_FAIL);
    doorway_close(&d);
}

static void exemptions__client_helo_sender_recipient__spare_what_they_say(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf",
              "exempt-table = exempt.cdb\n"
              "helo, not fqdn, fail, \"554 helo\"\n"
              "mail, \"*@bad.example*\", fail, \"554 mail\"\n"
              "rcpt, \"*@*\", fail, \"554 rcpt\"\n"
              "headers, not has(Message-ID), fail block, \"553 headers\"\n");
    doorway_table(
        &d, "exempt.cdb",
        "192.0.2.0/24 all\n192.0.2.66 none\n.list.example headers rcpt\nhelo:laptop helo\n"
        "from:@partner.example rcpt headers\nto:postmaster@ rcpt headers\nto:friend@example.com rcpt\n"
        "198.51.100.1 rcpt blocklist\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);

    assert_int_equal(doorway_connect(&d, "192.0.2.1", NULL), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@bad.example>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_PASS);
    assert_string_equal(d.log, "");

    doorway_connect(&d, "192.0.2.66", NULL);
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_FAIL);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_FAIL);

    doorway_connect(&d, CLIENT, "out.list.example");
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_FAIL);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_PASS);

    doorway_connect(&d, CLIENT, NULL);
    doorway_helo(&d, "EHLO a.example");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<Who@Partner.Example>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.c>"), GP_PASS);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_PASS);
    /* from: lasts the transaction. */
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<who@else.example>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.c>"), GP_FAIL);
    /* to: exempts this recipient, and the header only if every accepted recipient is exempt. */
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<\"postmaster\"@b.c>"), GP_PASS);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_PASS);
    doorway_mail(&d, "MAIL FROM:<who@else.example>");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<postmaster@b.c>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<friend@example.com>"), GP_PASS);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_FAIL);
    assert_int_equal(d.verdict.block_seconds, 1800);
    doorway_mail(&d, "MAIL FROM:<who@else.example>");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<postmaster@b.c>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<friend@example.com>"), GP_PASS);
    d.api->rcpt_rejected(d.session);
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_PASS);

    /* Never put on the blocklist. */
    doorway_connect(&d, "198.51.100.1", NULL);
    doorway_helo(&d, "EHLO a.example");
    doorway_mail(&d, "MAIL FROM:<a@b.c>");
    doorway_rcpt(&d, "RCPT TO:<a@b.c>");
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_FAIL);
    assert_int_equal(d.verdict.block_seconds, 0);
    doorway_close(&d);
}

static void traps_and_named_tables__are_asked(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf",
              "table partners = partners.cdb\n"
              "mail, in(partners), exempt\n"
              "rcpt, trap, close block(24h), \"554 Spam is not welcome here - go away.\"\n");
    doorway_table(&d, "traps.cdb", "to:sugar@example.com\nto:honey@\n");
    doorway_table(&d, "partners.cdb", "from:@partner.example\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    static const struct {
        const char *rcpt;
        int action;
    } rows[] = {
        {"RCPT TO:<sugar@example.com>", GP_CLOSE},
        {"rcpt to: <Sugar@EXAMPLE.com> NOTIFY=NEVER", GP_CLOSE},
        {"RCPT TO:<@relay.example:sugar@example.com>", GP_CLOSE},
        {"RCPT TO:<\"su\\gar\"@example.com>", GP_CLOSE},
        {"RCPT TO:<honey@anywhere.example>", GP_CLOSE},
        {"RCPT TO:<sugar@example.org>", GP_PASS},
        {"RCPT TO:<mysugar@example.com>", GP_PASS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        doorway_connect(&d, CLIENT, NULL);
        doorway_helo(&d, "EHLO a.example");
        doorway_mail(&d, "MAIL FROM:<a@b.c>");
        assert_int_equal(doorway_rcpt(&d, rows[i].rcpt), rows[i].action);
        if (rows[i].action)
            assert_int_equal(d.verdict.block_seconds, 86400);
    }
    doorway_connect(&d, CLIENT, NULL);
    doorway_helo(&d, "EHLO a.example");
    doorway_mail(&d, "MAIL FROM:<x@partner.example>");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<sugar@example.com>"), GP_PASS);
    doorway_close(&d);
}

static void block_table__refuses_at_connect__unless_exempt(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "connect, \"*\", log, \"c\"\n");
    doorway_table(&d, "block.cdb", "61.77.232.38 550 5.7.1 Apparent open relay\n203.0.113.0/24 554 no\n");
    doorway_table(&d, "exempt.cdb", "203.0.113.9 all\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_int_equal(doorway_connect(&d, "61.77.232.38", NULL), GP_CLOSE);
    assert_string_equal(d.verdict.reply, "550 5.7.1 Apparent open relay");
    assert_string_equal(d.verdict.cause, "block-table");
    assert_int_equal(doorway_connect(&d, "203.0.113.8", NULL), GP_CLOSE);
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
    assert_int_equal(doorway_connect(&d, "198.51.100.1", NULL), GP_PASS);
    doorway_close(&d);
}

static void block_table__names_senders_recipients__are_asked_in_their_phases(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "helo, \"*\", log, \"h\"\n");
    doorway_table(
        &d, "block.cdb",
        "helo:.spam.example 554 name\nfrom:@spam.example 554 sender\nto:gone@example.com 550 5.1.1 Gone\n");
    doorway_table(&d, "exempt.cdb", "198.51.100.1 mail\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO a.spam.example"), GP_REFUSE);
    assert_string_equal(d.verdict.reply, "554 name");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO a.example"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@spam.example>"), GP_FAIL);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@example.org>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<gone@example.com>"), GP_FAIL);
    assert_string_equal(d.verdict.reply, "550 5.1.1 Gone");
    assert_string_equal(d.verdict.cause, "block-table");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<here@example.com>"), GP_PASS);
    doorway_connect(&d, "198.51.100.1", NULL);
    doorway_helo(&d, "EHLO a.example");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@spam.example>"), GP_PASS);
    doorway_close(&d);
}

static void helo_exemption__is_not_lost__where_connect_was_skipped(void **state)
{
    struct doorway d;
    struct gp_client c = {.size = sizeof c, .address = CLIENT, .address_size = sizeof CLIENT - 1};
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "connect, \"*\", log, \"c\"\nhelo, not fqdn, fail\n");
    doorway_table(&d, "exempt.cdb", "helo:laptop helo\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_int_equal(d.api->session_open(d.engine, &c, &d.session), 0);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    doorway_close(&d);
}

static void argument__quoted_blank__stays_in_the_address(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "rcpt, \"RCPT TO:<?a b?@example.com> NOTIFY=NEVER\", fail\n");
    doorway_connect(&d, CLIENT, NULL);
    const char *argument = "\"a b\"@example.com NOTIFY=NEVER";
    assert_int_equal(d.api->rcpt(d.session, argument, strlen(argument), GP_ARGUMENT, NULL), GP_FAIL);
    doorway_close(&d);
}

static void block_at_mail__holds_the_block_table_until_mail(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "block-at = mail\n");
    doorway_table(&d, "block.cdb", "203.0.113.9 550 no\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO a.example"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_CLOSE);
    assert_int_equal(d.verdict.phase, GP_PHASE_CONNECT);
    doorway_close(&d);
}

static void log_block__on_a_submission_port__lapses_with_auth(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf",
              "helo, \"*zombie*\", log block, \"z\"\nhelo-deferred, \"*later*\", log block\n");
    assert_int_equal(doorway_engine(&d, 0), 1);
    assert_int_equal(doorway_connect_port(&d, CLIENT, NULL, 587), GP_PASS);
    doorway_helo(&d, "EHLO zombie");
    d.api->auth(d.session);
    doorway_mail(&d, "MAIL FROM:<a@b.c>");
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
    /* Without AUTH it takes effect at MAIL. */
    doorway_helo(&d, "EHLO later");
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
    doorway_helo(&d, "EHLO later");
    doorway_mail(&d, "MAIL FROM:<a@b.c>");
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
    assert_string_equal(d.verdict.cause, "blocklist");
    doorway_close(&d);
}

static void missing_state_folder__mail_flows__and_it_is_said_once(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf",
              "relay-pattern = envelope 2 clients 1h\nrcpt, \"*trap@*\", fail block, \"554 no\"\n");
    assert_true(folder_remove(temp_path(&d.folder, "state")));
    assert_int_equal(doorway_engine(&d, 0), 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
        doorway_helo(&d, "EHLO a.example");
        doorway_mail(&d, "MAIL FROM:<a@b.c>");
        assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_FAIL);
        assert_int_equal(d.verdict.block_seconds, 0);
        assert_int_equal(doorway_rcpt(&d, "RCPT TO:<david@example.com>"), GP_PASS);
    }
    const char *first = strstr(d.log, "could not be put on the blocklist");
    assert_non_null(first);
    assert_null(strstr(first + 1, "could not be put on the blocklist"));
    doorway_close(&d);
}

static void mode_log__says_what_it_would_do__and_passes(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "mode = log\nhelo, not fqdn, refuse block, \"554 no\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    assert_non_null(strstr(d.log, "gatepost: would refuse phase=helo"));
    doorway_close(&d);
}

static void missing_exemption_table__ends_in_on_error(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "exempt-table = gone.cdb\nhelo, not fqdn, fail, \"554 no\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_PASS);
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_PASS);
    const char *first = strstr(d.log, "gone.cdb");
    assert_non_null(first);
    assert_null(strstr(first + 1, "gone.cdb"));
    doorway_close(&d);
    doorway_open(&d, "on-error = tempfail\nexempt-table = gone.cdb\nhelo, not fqdn, fail, \"554 no\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_REFUSE);
    assert_int_equal(d.verdict.code, 451);
    assert_string_equal(d.verdict.cause, "on-error");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_REFUSE); /* it must not slip through */
    assert_int_equal(d.verdict.code, 451);
    doorway_close(&d);
}

static void hostile_client_data__is_escaped_and_cut_in_the_log(void **state)
{
    struct doorway d;
    char helo[5000] = "EHLO \"evil\"\x01\nline";
    (void)state;
    memset(helo + strlen(helo), 'x', sizeof helo - 1 - strlen(helo));
    helo[sizeof helo - 1] = '\0';
    doorway_open(&d, "helo, not fqdn, fail, \"554 no\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, helo), GP_FAIL);
    assert_non_null(strstr(d.log, "helo=\"\\\"evil\\\"\\x01\\x0alinexxx"));
    assert_true(strlen(d.log) < 600);
    assert_ptr_equal(strchr(d.log, '\n') + 1, d.log + strlen(d.log));
    doorway_close(&d);
}

static void needs__name__only_if_something_looks_at_it(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "helo, not fqdn, fail\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(d.api->needs(d.session), 0);
    doorway_close(&d);
    doorway_open(&d, "connect, \"*.dyn.example.net *\", close\n");
    struct gp_client c = {.size = sizeof c, .address = CLIENT, .address_size = sizeof CLIENT - 1};
    assert_int_equal(d.api->session_open(d.engine, &c, &d.session), 0);
    assert_int_equal(d.api->needs(d.session), GP_FACT_NAME);
    d.api->client_name(d.session, "x.dyn.example.net", 17, GP_NAME_VERIFIED);
    assert_int_equal(d.api->needs(d.session), 0);
    assert_int_equal(d.api->connect(d.session, NULL), GP_CLOSE);
    doorway_close(&d);
}

struct traced {
    char text[8192];
};

static void trace_line(void *context, const char *line, size_t n)
{
    struct traced *t = context;
    strncat(t->text, line, n);
    strcat(t->text, "\n");
}

static void trace__explains_every_rule(void **state)
{
    struct doorway d;
    struct traced traced = {""};
    (void)state;
    doorway_open(&d, "helo, \"*zombie*\", fail\nhelo, not fqdn, refuse, \"554 no\"\n");
    const struct gp_trace_ext *trace = d.api->get_ext("trace/1");
    assert_non_null(trace);
    assert_null(d.api->get_ext("trace/2"));
    doorway_connect(&d, CLIENT, NULL);
    trace->set(d.session, trace_line, &traced);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_REFUSE);
    assert_non_null(strstr(
        traced.text, "gatepost.conf:1: helo \"*zombie*\": \"EHLO laptop\" does not match: does not trigger"));
    assert_non_null(strstr(traced.text, "gatepost.conf:2: helo not fqdn: 'laptop' is neither a domain name of "
                                        "two labels or more nor an address "
                                        "literal: triggers: refuse"));
    doorway_close(&d);
}

/* A greeting that the server accepted before the engine was called is unknown, not empty. */
static void helo__unknown__is_judged_by_no_rule_and_shown_by_no_line(void **state)
{
    static const char *const tests[] = {
        "helo, not fqdn, refuse block, \"554 h\"\n",     "helo, \"*\", refuse block, \"554 h\"\n",
        "helo, not \"*x*\", refuse block, \"554 h\"\n",  "helo-deferred, not fqdn, refuse, \"554 h\"\n",
        "helo, not own-name, refuse, \"554 h\"\n",       "helo, not in(names), refuse, \"554 h\"\n",
        "helo, not client-literal, refuse, \"554 h\"\n", "helo, not bare-address, refuse, \"554 h\"\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        for (int told = 0; told < 2; told++) {
            struct doorway d;
            char rules[300];
            snprintf(rules, sizeof rules, "table names = names.cdb\n%srcpt, \"*trap*\", fail, \"550 trap\"\n",
                     tests[i]);
            doorway_make(&d);
            doorway_table(&d, "names.cdb", "helo:a.example\n");
            temp_text(&d.folder, "gatepost.conf", rules);
            assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
            doorway_connect(&d, CLIENT, NULL);
            if (told)
                d.api->unknown(d.session, GP_FACT_HELO);
            /* A client that sends MAIL without HELO has an empty name. */
            assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.example>"), told ? GP_PASS : GP_REFUSE);
            if (told) {
                assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_FAIL);
                assert_null(strstr(d.log, "helo="));
            }
            doorway_close(&d);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(helo__own_name_refused__every_later_command_gets_the_same),
        cmocka_unit_test(helo__argument_only__is_judged_as_EHLO),
        cmocka_unit_test(actions__each__has_its_reach),
        cmocka_unit_test(connect__fail_and_refuse__act_as_close),
        cmocka_unit_test(deferred__waits_for_mail__lapses_with_auth),
        cmocka_unit_test(submission_port__connect_and_helo__wait_for_mail),
        cmocka_unit_test(own_networks_and_locals__are_never_judged),
        cmocka_unit_test(mail_without_helo__is_judged_as_an_empty_name),
        cmocka_unit_test(skipped_connect__is_asked_by_the_next_fact),
        cmocka_unit_test(header__message_id_rules__answer_after_the_header),
        cmocka_unit_test(header__rules_of_several_kinds__first_in_the_order_received_decides),
        cmocka_unit_test(header__not_shown_whole__cannot_say_that_a_field_is_missing),
        cmocka_unit_test(header__field_by_field__is_judged_alike),
        cmocka_unit_test(exemptions__client_helo_sender_recipient__spare_what_they_say),
        cmocka_unit_test(traps_and_named_tables__are_asked),
        cmocka_unit_test(block_table__refuses_at_connect__unless_exempt),
        cmocka_unit_test(block_table__names_senders_recipients__are_asked_in_their_phases),
        cmocka_unit_test(helo_exemption__is_not_lost__where_connect_was_skipped),
        cmocka_unit_test(argument__quoted_blank__stays_in_the_address),
        cmocka_unit_test(block_at_mail__holds_the_block_table_until_mail),
        cmocka_unit_test(log_block__on_a_submission_port__lapses_with_auth),
        cmocka_unit_test(missing_state_folder__mail_flows__and_it_is_said_once),
        cmocka_unit_test(mode_log__says_what_it_would_do__and_passes),
        cmocka_unit_test(missing_exemption_table__ends_in_on_error),
        cmocka_unit_test(hostile_client_data__is_escaped_and_cut_in_the_log),
        cmocka_unit_test(needs__name__only_if_something_looks_at_it),
        cmocka_unit_test(trace__explains_every_rule),
        cmocka_unit_test(helo__unknown__is_judged_by_no_rule_and_shown_by_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
