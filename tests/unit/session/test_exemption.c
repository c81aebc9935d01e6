/* Corner cases of exemptions; test_session.c has the plain cases. */
#include "tests/unit/lib/doorway.h"

#include "core/os/os.h"

#define CLIENT "203.0.113.9"

static const char rules[] =
    "exempt-table = exempt.cdb\nhelo-deferred, not fqdn, fail, \"554 deferred\"\n"
    "mail, \"*\", fail, \"554 mail\"\nrcpt, \"*\", fail, \"554 rcpt\"\n"
    "subject, \"*spam*\", fail, \"554 subject\"\nheaders, not has(To), fail, \"554 headers\"\n";

static void start(struct doorway *d, const char *conf, const char *table)
{
    doorway_make(d);
    temp_text(&d->folder, "gatepost.conf", conf);
    doorway_table(d, "exempt.cdb", table);
    assert_int_equal(doorway_engine(d, GP_NO_STATE), 1);
}

static void tags__add_up__within_one_the_narrowest_wins(void **state)
{
    static const struct {
        const char *client, *helo, *mail, *rcpt, *wanted;
    } rows[] = {
        {"192.0.2.1", "a.example", "x@y.example", "b@c.example", "554 rcpt"}, /* the range: mail */
        {"192.0.2.7", "a.example", "x@y.example", "b@c.example", "554 mail"}, /* itself: subject only */
        {"192.0.2.7", "in.partner.example", "x@y.example", "b@c.example", "554 rcpt"}, /* and its HELO: mail */
        {"192.0.2.7", "in.partner.example", "x@list.example", "b@c.example", "554 headers"}, /* and rcpt */
        {"192.0.2.1", "a.example", "x@list.example", "b@c.example", "554 subject"},
        {"192.0.2.1", "a.example", "x@y.example", "postmaster@c.example", "554 subject"},
        {"203.0.113.9", "a.example", "", "b@c.example", "554 subject"}, /* from:<> all but headers */
    };
    struct doorway d;
    (void)state;
    start(&d, rules,
          "192.0.2.0/24 mail\n192.0.2.7 subject\nhelo:.partner.example mail\nfrom:@list.example rcpt\n"
          "to:postmaster@ rcpt\nfrom:<> mail rcpt\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[100];
        const char *got = "pass";
        doorway_connect(&d, rows[i].client, NULL);
        snprintf(line, sizeof line, "EHLO %s", rows[i].helo);
        doorway_helo(&d, line);
        snprintf(line, sizeof line, "MAIL FROM:<%s>", rows[i].mail);
        if (doorway_mail(&d, line) != GP_PASS)
            got = d.verdict.reply;
        snprintf(line, sizeof line, "RCPT TO:<%s>", rows[i].rcpt);
        if (strcmp(got, "pass") == 0 && doorway_rcpt(&d, line) != GP_PASS)
            got = d.verdict.reply;
        if (strcmp(got, "pass") == 0 && doorway_message(&d, "Subject: spam\r\n") != GP_PASS)
            got = d.verdict.reply;
        if (strcmp(got, rows[i].wanted) != 0)
            print_error("row %zu\n", i);
        assert_string_equal(got, rows[i].wanted);
    }
    doorway_close(&d);
}

static void held_verdict__sender_is_exempt__is_not_given(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, rules, "from:@partner.example helo-deferred mail\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<x@partner.example>"), GP_PASS);
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_PASS);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<x@other.example>"), GP_FAIL);
    assert_string_equal(d.verdict.reply, "554 deferred");
    doorway_close(&d);
}

static void recipients__many_or_odd__spare_only_if_all_are_known(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "exempt-table = exempt.cdb\nheaders, not has(To), fail, \"554 headers\"\n",
          "to:@spared.example all\n");
    doorway_connect(&d, CLIENT, NULL);
    doorway_helo(&d, "EHLO a.example");
    for (int odd = 0; odd < 2; odd++) {
        doorway_mail(&d, "MAIL FROM:<x@y.example>");
        for (int i = 0; i < 1000; i++) {
            char line[100];
            snprintf(line, sizeof line, "RCPT TO:<user%d@spared.example>", i);
            assert_int_equal(doorway_rcpt(&d, line), GP_PASS);
        }
        /* An address with a NUL exempts nothing. */
        static const char nul[] = "RCPT TO:<a\0b@spared.example>";
        if (odd)
            assert_int_equal(d.api->rcpt(d.session, nul, sizeof nul - 1, 0, &d.verdict), GP_PASS);
        assert_int_equal(doorway_message(&d, "Subject: x\r\n"), odd ? GP_FAIL : GP_PASS);
    }
    doorway_close(&d);
}

static void damaged_table__what_cannot_be_told__is_for_on_error(void **state)
{
    static const char *const confs[] = {
        "exempt-table = exempt.cdb\nmail, \"*\", fail, \"554 mail\"\n",
        "exempt-table = exempt.cdb\non-error = tempfail\nmail, \"*\", fail, \"554 m\"\n"};
    (void)state;
    for (int tempfail = 0; tempfail < 2; tempfail++) {
        struct doorway d;
        static char text[400000];
        struct writer w = writer_on(text, sizeof text);
        struct file_map map;
        /* Above TABLE_SMALL the table is opened without being read whole. */
        for (int i = 0; i < 5000; i++)
            writer_printf(&w, "client:host%d.example all\n", i);
        writer_add(&w, TEXT("192.0.2.0/24 none\n"));
        start(&d, confs[tempfail], text);
        assert_int_equal(os_map(temp_path(&d.folder, "exempt.cdb"), false, &map), 0);
        char *bytes = malloc(map.size);
        assert_non_null(bytes);
        memcpy(bytes, map.p, map.size);
        /* The slots of the hash tables, after the records, point outside the file. */
        const unsigned char *first = map.p;
        for (size_t i = first[0] | first[1] << 8 | (size_t)first[2] << 16; i < map.size; i += 8)
            if (memcmp(bytes + i + 4, "\0\0\0\0", 4) != 0)
                memset(bytes + i + 4, 0xff, 4);
        temp_put(&d.folder, "exempt.cdb", bytes, map.size);
        os_unmap(&map);
        free(bytes);
        doorway_connect(&d, "192.0.2.1", "host2500.example");
        int action = doorway_mail(&d, "MAIL FROM:<x@y.example>");
        assert_int_equal(action, tempfail ? GP_FAIL : GP_PASS);
        if (tempfail)
            assert_int_equal(d.verdict.code, 451);
        const char *said = strstr(d.log, "exempt.cdb: ");
        assert_non_null(said);
        doorway_connect(&d, "192.0.2.1", "host2500.example");
        doorway_mail(&d, "MAIL FROM:<x@y.example>");
        assert_null(strstr(said + 1, "exempt.cdb: "));
        doorway_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags__add_up__within_one_the_narrowest_wins),
        cmocka_unit_test(held_verdict__sender_is_exempt__is_not_given),
        cmocka_unit_test(recipients__many_or_odd__spare_only_if_all_are_known),
        cmocka_unit_test(damaged_table__what_cannot_be_told__is_for_on_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
