/* The block table: what it refuses, and how far that reaches. */
#include "tests/unit/lib/doorway.h"

static void listed__each_tag__reaches_as_far_as_what_it_names(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "mail, \"*\", log, \"asked\"\n");
    doorway_table(&d, "block.cdb",
                  "203.0.113.9 554 client\n.dyn.example.net 554 name\nhelo:zombie.example 554 helo\n"
                  "from:@spam.example 554 from\nfrom:<> 554 null\nto:old@example.com 550 5.1.1 Gone away\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_int_equal(doorway_connect(&d, "203.0.113.9", NULL), GP_CLOSE);
    assert_string_equal(d.verdict.reply, "554 client");
    assert_int_equal(doorway_connect(&d, "203.0.113.8", "a.dyn.example.net"), GP_CLOSE);
    assert_string_equal(d.verdict.reply, "554 name");

    assert_int_equal(doorway_connect(&d, "203.0.113.8", NULL), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO Zombie.Example"), GP_REFUSE);
    assert_string_equal(d.verdict.reply, "554 helo");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.example>"), GP_REFUSE);

    assert_int_equal(doorway_connect(&d, "203.0.113.8", NULL), GP_PASS);
    assert_int_equal(doorway_helo(&d, "EHLO a.example"), GP_PASS);
    d.log[0] = '\0';
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@Spam.Example>"), GP_FAIL);
    assert_string_equal(d.verdict.reply, "554 from");
    assert_null(strstr(d.log, "asked"));
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<>"), GP_FAIL);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.example>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<Old@example.com>"), GP_FAIL);
    assert_int_equal(d.verdict.code, 550);
    assert_string_equal(d.verdict.enhanced, "5.1.1");
    assert_string_equal(d.verdict.cause, "block-table");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<new@example.com>"), GP_PASS);
    doorway_close(&d);
}

static void listed__spared__by_the_exemption_table(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "# none\n");
    doorway_table(&d, "block.cdb", "203.0.113.0/24 554 client\nto:old@example.com 550 gone\n");
    doorway_table(&d, "exempt.cdb", "203.0.113.9 connect\n203.0.113.10 rcpt\n203.0.113.11 all\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_int_equal(doorway_connect(&d, "203.0.113.8", NULL), GP_CLOSE);
    assert_int_equal(doorway_connect(&d, "203.0.113.10", NULL), GP_CLOSE);
    assert_int_equal(doorway_connect(&d, "203.0.113.9", NULL), GP_PASS);
    doorway_mail(&d, "MAIL FROM:<a@b.example>");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<old@example.com>"), GP_FAIL);
    assert_int_equal(doorway_connect(&d, "203.0.113.11", NULL), GP_PASS);
    doorway_mail(&d, "MAIL FROM:<a@b.example>");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<old@example.com>"), GP_PASS);
    doorway_close(&d);
}

static void listed__what_the_host_could_not_tell__is_not_looked_up(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "# none\n");
    doorway_table(&d, "block.cdb", "from:<> 554 null\nhelo:zombie.example 554 helo\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    doorway_connect(&d, "203.0.113.8", NULL);
    d.api->unknown(d.session, GP_FACT_HELO | GP_FACT_MAIL);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.example>"), GP_PASS);
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed__each_tag__reaches_as_far_as_what_it_names),
        cmocka_unit_test(listed__spared__by_the_exemption_table),
        cmocka_unit_test(listed__what_the_host_could_not_tell__is_not_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
