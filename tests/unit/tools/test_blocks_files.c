#include "tests/unit/lib/command_helper.h"

/* Makes a table of what was exported, and gives what `table dump` says. */
static const char *table_of(const char *from)
{
    char line[400];
    char exported[200];
    snprintf(exported, sizeof exported, "%s/exported", folder.path);
    assert_int_equal(os_rename(out_path, exported), 0);
    snprintf(line, sizeof line, "table make --from %s --kind block %s %s/made.cdb", from, exported,
             folder.path);
    if (run(cmd_table, line) != STATUS_YES)
        fail_msg("%s", err);
    snprintf(line, sizeof line, "table dump %s/made.cdb", folder.path);
    assert_int_equal(run(cmd_table, line), STATUS_YES);
    return out;
}

#define BLOCK_REPLY "554 5.7.1 Connection refused because of short-term restriction\n"
#define RELAY_REPLY "550 5.7.1 Apparent open relay\n"

static void blocks_export__formats__table_make_reads_them_back(void **state)
{
    (void)state;
    fill();
    assert_int_equal(blocks("export", "--format block-table"), STATUS_YES);
    assert_string_equal(out, "# -\n"
                             "198.51.100.7            " BLOCK_REPLY "# Apparent open relay\n"
                             "61.77.232.38            " RELAY_REPLY "# gatepost.conf:3\n"
                             "203.0.113.9             " BLOCK_REPLY "# gatepost.conf:12\n"
                             "2001:db8:1:2::/64       " BLOCK_REPLY);
    static const char table[] = "198.51.100.7\t" BLOCK_REPLY "61.77.232.38\t" RELAY_REPLY
                                "203.0.113.9\t" BLOCK_REPLY "2001:db8:1:2::/64\t" BLOCK_REPLY;
    assert_string_equal(table_of("text"), table);
    assert_int_equal(blocks("export", "--format access"), STATUS_YES);
    assert_non_null(strstr(out, "\nConnect:61.77.232.38\tERROR:5.7.1:550 Apparent open relay\n"));
    assert_non_null(strstr(out, "\nConnect:IPv6:2001:db8:1:2\tERROR:5.7.1:554 "));
    assert_string_equal(table_of("access"), table);
    assert_int_equal(blocks("export", "--format mercury-acl"), STATUS_YES);
    assert_string_equal(out, "1 198.51.100.7 ; -, 0 hits\n"
                             "1 61.77.232.38 ; Apparent open relay, 12 hits\n"
                             "1 203.0.113.9 ; gatepost.conf:3, 3 hits\n");
    assert_string_equal(err, "gatepost blocks export: left out 1: IPv6, which MERCURYS.ACL does not support\n");
    assert_string_equal(table_of("mercury-acl"), "61.77.232.38\t554 5.7.1 Access denied\n"
                                                 "198.51.100.7\t554 5.7.1 Access denied\n"
                                                 "203.0.113.9\t554 5.7.1 Access denied\n");
    assert_int_equal(blocks("export", "--format block-table --all --min-times 2"), STATUS_YES);
    assert_string_equal(out, "# gatepost.conf:3\n203.0.113.9             " BLOCK_REPLY);
}

static void blocks_export__prefixes__as_each_format_can(void **state)
{
    (void)state;
    temp_text(&folder, "gatepost.conf",
              "state-dir = state\ntest-clock = clock\nblock-prefix = 22 46\n"
              "block-reply = 451 Later, please.\nrelay-reply = 550 \"never\"\n");
    assert_int_equal(blocks("add", "203.0.113.9"), STATUS_YES);
    assert_int_equal(blocks("add", "2001:db8:1:2::3"), STATUS_YES);
    assert_int_equal(blocks("export", "--format access"), STATUS_YES);
    assert_string_equal(out, "# by hand\n"
                             "Connect:203.0.112\tERROR:\"451 Later, please.\"\n"
                             "Connect:203.0.113\tERROR:\"451 Later, please.\"\n"
                             "Connect:203.0.114\tERROR:\"451 Later, please.\"\n"
                             "Connect:203.0.115\tERROR:\"451 Later, please.\"\n"
                             "Connect:IPv6:2001:db8:0\tERROR:\"451 Later, please.\"\n"
                             "Connect:IPv6:2001:db8:1\tERROR:\"451 Later, please.\"\n"
                             "Connect:IPv6:2001:db8:2\tERROR:\"451 Later, please.\"\n"
                             "Connect:IPv6:2001:db8:3\tERROR:\"451 Later, please.\"\n");
    assert_non_null(strstr(table_of("access"), "2001:db8:3::/48\t451 Later, please.\n"));
    assert_int_equal(blocks("export", "--format mercury-acl"), STATUS_YES);
    assert_string_equal(out, "1 203.0.112.0 203.0.115.255 ; by hand, 0 hits\n");
    assert_string_equal(table_of("mercury-acl"), "203.0.112.0/22\t554 5.7.1 Access denied\n");
    temp_text(&folder, "gatepost.conf", "state-dir = state\ntest-clock = clock\nblock-prefix = 32 33\n");
    assert_int_equal(blocks("add", "2001:db8:1:2::3"), STATUS_YES);
    assert_int_equal(blocks("export", "--format access --address 2001:db8:7000::/36"), STATUS_YES);
    assert_string_equal(out, "");
    assert_non_null(strstr(err, "left out 1: prefixes that would take more than 256 lines"));
}

static void blocks_import__lines__are_on_the_list(void **state)
{
    (void)state;
    char line[300];
    snprintf(line, sizeof line, "%s/in", folder.path);
    temp_text(&folder, "in",
              "# from the other server\r\n"
              "\n"
              "192.0.2.1\r\n"
              "192.0.2.2 1h\n"
              "192.0.2.3  2d  seen by mx2\n"
              "192.0.2.4 gatepost.conf:3\n"
              "192.0.2.5 550 5.7.1 Apparent open relay\n"
              "192.0.2.6 554 5.7.1 Connection refused because of short-term restriction\n"
              "2001:db8:1:2::/64 1h Apparent open relay\n"
              "192.0.2.2 30m\n"
              "10.0.0.1\n"
              "192.0.2.7 1h \xc3\xa4rgerlich, so lange Gr\xc3\xbcnde \xc3\xa4\xc3\xa4");
    assert_int_equal(blocks("import", line), STATUS_YES);
    assert_string_equal(out, "8 put on the list; 1 were already listed for as long\n");
    assert_string_equal(err, "gatepost blocks import: left out 1: of own-networks, or exempt\n");
    assert_int_equal(blocks("list", "--sort address"), STATUS_YES);
    char *cause = strstr(out, "192.0.2.7");
    assert_non_null(strstr(cause, "Z  \xc3\xa4rgerlich, so lange Gr\xc3\xbcnde\n"));
    static const char *const rows[] = {
        "192.0.2.1             10s     1 ",
        "192.0.2.2           1h00m     1 ",
        "192.0.2.3           2d00h     1 ",
        "192.0.2.4             10s     1 ",
        "192.0.2.5           7d00h     - ",
        "192.0.2.6             10s     1 ",
        "2001:db8:1:2::/64   1h00m     - ",
        "  seen by mx2\n",
        "  imported\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strstr(out, rows[i]))
            fail_msg("%s is not in %s", rows[i], out);
    /* What was exported goes back in. */
    assert_int_equal(blocks("export", "--format block-table"), STATUS_YES);
    assert_int_equal(os_rename(out_path, line), 0);
    assert_int_equal(blocks("clear", ""), STATUS_YES);
    assert_int_equal(blocks("import", line), STATUS_YES);
    assert_string_equal(out, "8 put on the list; 0 were already listed for as long\n");
    assert_int_equal(blocks("list", "--cause relay"), STATUS_YES);
    assert_string_equal(order_of_lines(), "192 200");
}

static void blocks_import__nobody__makes_no_list(void **state)
{
    (void)state;
    char line[120];
    snprintf(line, sizeof line, "%s/in", folder.path);
    temp_text(&folder, "in", "# nobody\n10.0.0.1\n");
    assert_int_equal(blocks("import", line), STATUS_YES);
    assert_string_equal(out, "0 put on the list; 0 were already listed for as long\n");
    assert_string_equal(err, "gatepost blocks import: left out 1: of own-networks, or exempt\n");
    assert_true(folder_remove(state_dir));
}

static void blocks_import__errors__all_told_and_nothing_changed(void **state)
{
    (void)state;
    char line[120], wanted[1000];
    snprintf(line, sizeof line, "%s/in", folder.path);
    temp_text(&folder, "in",
              "192.0.2.1\n"
              "  192.0.2.0/24 1h\n"
              "192.0.2.3 30x\n"
              "mx.example.net 550 5.7.1 No\n"
              "192.0.2.4 1h a\001b\n"
              "192.0.2.5 999999999999d\n");
    assert_int_equal(blocks("import", line), STATUS_NO);
    snprintf(wanted, sizeof wanted,
             "%s:2:3: '192.0.2.0/24' is not as long as the prefixes on the list (block-prefix); put ranges "
             "into the block table\n    192.0.2.0/24 1h\n    ^\n"
             "%s:3:11: '30x' is not a time; write it like 30m, 6h or 30d\n  192.0.2.3 30x\n            ^\n"
             "%s:4:1: 'mx.example.net' is not an address\n",
             line, line, line);
    assert_memory_equal(err, wanted, strlen(wanted));
    assert_non_null(strstr(err, "in:5:11: "));
    assert_non_null(strstr(err, "in:6:11: "));
    assert_non_null(strstr(err, "\ngatepost blocks import: nothing was changed\n"));
    assert_true(folder_remove(state_dir));
    folder_make(state_dir);
    assert_int_equal(blocks("import", "/nonexistent"), STATUS_CANNOT);
    assert_non_null(strstr(err, "gatepost blocks import: /nonexistent: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks_export__formats__table_make_reads_them_back),
        TEST(blocks_export__prefixes__as_each_format_can),
        TEST(blocks_import__lines__are_on_the_list),
        TEST(blocks_import__nobody__makes_no_list),
        TEST(blocks_import__errors__all_told_and_nothing_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
