#include "tests/unit/lib/command_helper.h"

static void blocks_list__columns__are_stable(void **state)
{
    (void)state;
    fill();
    assert_int_equal(blocks("list", "--all"), STATUS_YES);
    assert_string_equal(
        out,
        "ADDRESS              LEFT  STEP    HITS  FIRST                 LAST                  CAUSE\n"
        "192.0.2.1               -     1       1  2003-07-12T08:51:40Z  2003-07-12T08:51:41Z  gatepost.conf:3\n"
        "2001:db8:1:2::/64     42s     1       0  2003-07-12T08:53:19Z  2003-07-12T08:53:19Z  "
        "gatepost.conf:12\n"
        "203.0.113.9        29m05s     2       3  2003-07-12T08:45:00Z  2003-07-12T08:52:26Z  gatepost.conf:3\n"
        "198.51.100.7        5h59m     1       0  2003-07-12T08:52:20Z  2003-07-12T08:52:20Z  -\n"
        "61.77.232.38        6d00h     -      12  2003-07-11T08:53:20Z  2003-07-11T08:53:21Z  Apparent open "
        "relay\n");
    assert_string_equal(err, "");
    assert_int_equal(blocks("list", "--json --min-times 2"), STATUS_YES);
    assert_string_equal(out,
                        "{\"address\": \"203.0.113.9\", \"left\": 1745, \"until\": \"2003-07-12T09:22:25Z\", "
                        "\"step\": 2, \"kind\": \"rule\", \"cause\": \"gatepost.conf:3\", \"hits\": 3, "
                        "\"first\": \"2003-07-12T08:45:00Z\", \"last\": \"2003-07-12T08:52:26Z\"}\n");
}

static void blocks_list__sorted_and_filtered__as_asked(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *order;
    } cases[] = {
        {"", "200 203 198 61."},
        {"--reverse", "61. 198 203 200"},
        {"--sort address", "61. 198 203 200"},
        {"--sort hits", "61. 203 198 200"},
        {"--sort first", "61. 203 198 200"},
        {"--sort last", "200 203 198 61."},
        {"--sort cause", "198 61. 203 200"}, /* rule 3 before rule 12 */
        {"--cause RELAY", "61."},
        {"--cause gatepost.conf", "200 203"},
        {"--min-hits 3", "203 61."},
        {"--min-times 1", "200 203 198"},
        {"--min-times 2 --all", "203"},
        {"--address 203.0.112.0/20", "203"},
        {"--address 203.0.113.9", "203"},
        {"--address 2001:db8:1:2::77", "200"},
        {"--address 0.0.0.0/0 -a", "192 203 198 61."},
        {"--address 203.0.113.8", ""},
        {"--at 2003-07-12T08:52:00Z", "192 200 203 198 61."},
        {"--at 2003-07-12T02:30:00-07:00", "198 61."},
        {"--at 2003-08-12T00:00:00Z", ""},
    };
    fill();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(blocks("list", cases[i].arguments), STATUS_YES);
        /* 2001:… and 200.… look the same: there is one of them only. */
        if (strcmp(order_of_lines(), cases[i].order) != 0)
            fail_msg("%s: %s", cases[i].arguments, out);
    }
}

static void blocks_list__no_list__is_empty_and_makes_none(void **state)
{
    (void)state;
    assert_int_equal(blocks("list", ""), STATUS_YES);
    assert_string_equal(order_of_lines(), "");
    assert_int_equal(blocks("list", "--json"), STATUS_YES);
    assert_string_equal(out, "");
    assert_int_equal(blocks("remove", "192.0.2.1"), STATUS_NO);
    assert_int_equal(blocks("clear", ""), STATUS_YES);
    assert_true(folder_remove(state_dir)); /* so there is nothing in it */
}

static void blocks_add__repeats__climb_and_are_in_force_at_once(void **state)
{
    (void)state;
    struct block_entry e;
    struct ip ip = address("61.77.232.38");
    struct blocklist *mta = open_list();
    assert_int_equal(blocks("add", "61.77.232.38"), STATUS_YES);
    assert_string_equal(out, "61.77.232.38 is on the list for 10s, step 1\n");
    assert_int_equal(blocklist_lookup(mta, &ip, NOW, &e), 1);
    assert_int_equal(e.until, NOW + 10);
    assert_string_equal(e.cause, "by hand");
    set_clock(NOW + 11);
    assert_int_equal(blocks("add", "61.77.232.38 --cause not_again"), STATUS_YES);
    assert_string_equal(out, "61.77.232.38 is on the list for 2m, step 2\n");
    assert_int_equal(blocks("add", "61.77.232.38 1m"), STATUS_YES);
    assert_string_equal(out, "61.77.232.38 stays for 2m\n");
    assert_non_null(strstr(err, "remove it first"));
    assert_int_equal(blocks("add", "61.77.232.38 3d"), STATUS_YES);
    assert_string_equal(out, "61.77.232.38 is on the list for 3d, step 2\n");
    assert_int_equal(blocks("add", "2001:db8:1:2:3::4 1h"), STATUS_YES);
    assert_string_equal(out, "2001:db8:1:2::/64 is on the list for 1h, step 1\n");
    assert_int_equal(blocks("add", "192.0.2.9 --cause apparent_Open_relay"), STATUS_YES);
    assert_string_equal(out, "192.0.2.9 is on the list for 7d\n");
    ip = address("192.0.2.9");
    assert_int_equal(blocklist_lookup(mta, &ip, NOW, &e), 1);
    assert_int_equal(e.kind, BLOCK_RELAY);
    blocklist_close(&mta);
}

static void blocks_add__own_or_exempt__never(void **state)
{
    (void)state;
    char line[300];
    temp_text(&folder, "exempt.txt",
              "192.0.2.0/24 all\n192.0.2.66 none\n198.51.100.1 blocklist\n198.51.100.2 helo\n");
    snprintf(line, sizeof line, "table make %s/exempt.txt %s/exempt.cdb", folder.path, folder.path);
    assert_int_equal(run(cmd_table, line), STATUS_YES);
    static const struct {
        const char *client;
        int status;
        const char *says;
    } cases[] = {
        {"10.1.2.3", STATUS_NO, "10.1.2.3 is of own-networks"},
        {"192.0.2.1", STATUS_NO, "192.0.2.1 is exempt"},
        {"192.0.2.66", STATUS_YES, ""},
        {"198.51.100.1", STATUS_NO, "198.51.100.1 is exempt"},
        {"198.51.100.2", STATUS_YES, ""},
        {"127.0.0.1", STATUS_YES, ""}, /* the rule file says whose networks are our own */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(blocks("add", cases[i].client), cases[i].status);
        assert_non_null(strstr(err, cases[i].says));
    }
    temp_text(&folder, "exempt.cdb", "no table");
    assert_int_equal(blocks("add", "198.51.100.3"), STATUS_CANNOT);
    assert_non_null(strstr(err, "exempt.cdb: "));
}

static void blocks_remove__address_or_prefix__gone_at_once(void **state)
{
    (void)state;
    struct ip ip = address("203.0.113.9");
    fill();
    struct blocklist *mta = open_list();
    assert_int_equal(blocks("remove", "203.0.113.9"), STATUS_YES);
    assert_string_equal(out, "203.0.113.9 is taken off the list\n");
    assert_int_equal(blocklist_lookup(mta, &ip, NOW, NULL), 0);
    assert_int_equal(blocks("remove", "203.0.113.9 2001:db8:1:2::1"), STATUS_NO);
    assert_string_equal(out, "2001:db8:1:2::1 is taken off the list\n");
    assert_string_equal(err, "gatepost blocks remove: 203.0.113.9 is not on the list\n");
    assert_int_equal(blocks("remove", "128.0.0.0/1"), STATUS_YES);
    assert_string_equal(out, "128.0.0.0/1: 2 entries taken off the list\n");
    assert_int_equal(blocks("list", "--all"), STATUS_YES);
    assert_string_equal(order_of_lines(), "61.");
    blocklist_close(&mta);
}

static void blocks_clear__says_how_many(void **state)
{
    (void)state;
    fill();
    assert_int_equal(blocks("clear", ""), STATUS_YES);
    assert_string_equal(out, "4 clients taken off the list; 1 more, whose time had ended, forgotten\n");
    assert_int_equal(blocks("list", "--all"), STATUS_YES);
    assert_string_equal(order_of_lines(), "");
}

static void blocks_resize__keeps_what_is_known(void **state)
{
    (void)state;
    fill();
    struct blocklist *mta = open_list();
    assert_int_equal(blocks("resize", "1000"), STATUS_YES);
    assert_string_equal(out, "room for 1000 entries: 5 kept, 0 dropped; 4 of those kept are listed now\n");
    assert_true(blocklist_retired(mta));
    blocklist_close(&mta);
    assert_int_equal(blocks("list", ""), STATUS_YES);
    assert_string_equal(order_of_lines(), "200 203 198 61.");
}

static void blocks__rule_file__settings_and_where_the_list_is(void **state)
{
    (void)state;
    char line[400], other[120];
    snprintf(other, sizeof other, "%s/other", folder.path);
    folder_make(other);
    snprintf(line, sizeof line, "--state-dir %s 192.0.2.1", other);
    assert_int_equal(blocks("add", line), STATUS_YES); /* settings of one, the list in the other */
    assert_string_equal(out, "192.0.2.1 is on the list for 10s, step 1\n");
    assert_int_equal(blocks("list", ""), STATUS_YES);
    assert_string_equal(order_of_lines(), "");
    /* A rule file with an error still gives the state directory. */
    temp_text(&folder, "gatepost.conf", "state-dir = other\nblock-time = 10s\nhelo, fqnd, refuse\n");
    assert_int_equal(blocks("list", "--all"), STATUS_YES);
    assert_string_equal(order_of_lines(), "192");
    assert_string_equal(err, "");
    assert_int_equal(blocks("add", "192.0.2.2"), STATUS_YES);
    assert_non_null(strstr(err,
                           "gatepost.conf:3:7: unknown check 'fqnd'; did you mean 'fqdn'?; so block-time is "
                           "30m 6h 24h\n"));
    assert_string_equal(out, "192.0.2.2 is on the list for 30m, step 1\n");
    temp_delete(&folder, "gatepost.conf");
    assert_int_equal(blocks("list", ""), STATUS_CANNOT);
    assert_non_null(strstr(err, "there is no rule file "));
    snprintf(line, sizeof line, "blocks list --state-dir %s/none", folder.path);
    assert_int_equal(run(cmd_blocks, line), STATUS_CANNOT);
    assert_non_null(strstr(err, "there is no state directory "));
}

static void blocks_list__other_block_prefix__is_said(void **state)
{
    (void)state;
    fill();
    temp_text(&folder, "gatepost.conf", "state-dir = state\ntest-clock = clock\nblock-prefix = 32 56\n");
    assert_int_equal(blocks("list", ""), STATUS_YES);
    assert_string_equal(
        err, "gatepost blocks list: 1 of these refuse no client, because block-prefix is now 32 56\n");
}

static void blocks__wrong_use__status_2(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "blocks",
        "blocks lsit",
        "blocks list --sort size",
        "blocks list --min-hits many",
        "blocks list --address x",
        "blocks list --at today",
        "blocks list 192.0.2.1",
        "blocks list --nonsense",
        "blocks add",
        "blocks add --sort hits 192.0.2.1",
        "blocks remove",
        "blocks clear all",
        "blocks resize",
        "blocks export",
        "blocks export --format csv",
        "blocks import",
    };
    static const struct {
        const char *verb, *arguments;
    } cases[] = {
        {"add", "x"},
        {"add", "192.0.2.0/24"},
        {"add", "192.0.2.1 soon"},
        {"add", "192.0.2.1 --cause a_cause_that_is_longer_than_what_can_be_kept"},
        {"add", "192.0.2.1 --cause a\001b"},
        {"remove", "192.0.2.1 x"},
        {"resize", "63"},
        {"resize", "many"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (run(cmd_blocks, lines[i]) != STATUS_USAGE || !err[0])
            fail_msg("%s", lines[i]);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (blocks(cases[i].verb, cases[i].arguments) != STATUS_USAGE || !err[0])
            fail_msg("%s %s", cases[i].verb, cases[i].arguments);
    assert_true(folder_remove(state_dir)); /* nothing was made */
    assert_int_equal(run(cmd_blocks, "blocks --help"), STATUS_YES);
    assert_int_equal(run(cmd_blocks, "blocks list --help"), STATUS_YES);
    assert_non_null(strstr(out, "example: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks_list__columns__are_stable),
        TEST(blocks_list__sorted_and_filtered__as_asked),
        TEST(blocks_list__no_list__is_empty_and_makes_none),
        TEST(blocks_list__other_block_prefix__is_said),
        TEST(blocks_add__repeats__climb_and_are_in_force_at_once),
        TEST(blocks_add__own_or_exempt__never),
        TEST(blocks_remove__address_or_prefix__gone_at_once),
        TEST(blocks_clear__says_how_many),
        TEST(blocks_resize__keeps_what_is_known),
        TEST(blocks__rule_file__settings_and_where_the_list_is),
        TEST(blocks__wrong_use__status_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
