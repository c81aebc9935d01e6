/* What `gatepost stats` finds in the state directory after sessions. */
#include "tests/unit/lib/doorway.h"

#include "core/state/stats.h"

#define CLIENT "203.0.113.9"

static struct stats *stats_there(struct doorway *d)
{
    char why[300];
    struct stats *stats;
    assert_int_equal(stats_open(temp_path(&d->folder, "state"), STATS_READ_ONLY, &stats, why, sizeof why), 1);
    return stats;
}

/* "N N": the hits of all rules that have some, the most first. */
static void assert_hits(struct doorway *d, const char *expected)
{
    uint64_t hits[8] = {0}, at = 0, hash;
    unsigned n = 0;
    char text[100] = "";
    struct stats *stats = stats_there(d);
    while (n < 8 && stats_next_rule(stats, &at, &hash, &hits[n]))
        n++;
    stats_close(&stats);
    for (uint64_t most = 100; most; most--)
        for (unsigned i = 0; i < n; i++)
            if (hits[i] == most)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", text[0] ? " " : "",
                         (unsigned)most);
    assert_string_equal(text, expected);
}

static void greet(struct doorway *d, const char *helo)
{
    doorway_connect(d, CLIENT, NULL);
    doorway_helo(d, helo);
}

static void count__rule_file_edited__hits_go_on_with_the_rule(void **state)
{
    static const struct {
        const char *label, *rules, *hits;
    } rows[] = {
        {"at first", "helo, \"*Zombie*\", fail, \"554 no\"\n", "1"},
        {"lines above", "# why\n\nmail, \"x\", fail\nhelo, \"*Zombie*\", fail, \"554 no\"\n", "2"},
        {"other blanks and words", "helo ,  \"*Zombie*\" ,  fail block, \"550 5.7.1 No\"\n", "3"},
        {"other action", "helo, \"*Zombie*\", refuse, \"554 no\"\n", "3 1"},
        {"other pattern", "helo, \"*Zombie\", fail, \"554 no\"\n", "3 1 1"},
        {"as at first", "helo, \"*Zombie*\", fail, \"554 no\"\n", "4 1 1"},
    };
    struct doorway d;
    (void)state;
    doorway_make(&d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        temp_text(&d.folder, "gatepost.conf", rows[i].rules);
        assert_int_equal(d.engine ? d.api->engine_refresh(d.engine) : doorway_engine(&d, 0), 1);
        d.now = 1180399293 + (int64_t)i * 1000000;
        greet(&d, "EHLO zombie");
        assert_hits(&d, rows[i].hits);
    }
    doorway_close(&d);
}

static void count__checks_in_either_case__are_one_rule(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "helo, not fqdn, fail\n");
    assert_int_equal(doorway_engine(&d, 0), 1);
    greet(&d, "EHLO laptop");
    temp_text(&d.folder, "gatepost.conf", "helo, NOT FQDN, fail\n");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    greet(&d, "EHLO laptop");
    assert_hits(&d, "2");
    doorway_close(&d);
}

static void count__verdicts_and_events__each_where_it_belongs(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf",
              "helo, \"*zombie*\", refuse block\nmail, \"*@bad.example>\", fail\nmail, \"*\", log\n");
    doorway_table(&d, "exempt.cdb", "203.0.113.7 all\n");
    doorway_table(&d, "block.cdb", "203.0.113.8 554 no\n");
    assert_int_equal(doorway_engine(&d, 0), 1);
    greet(&d, "EHLO fine.example");
    doorway_mail(&d, "MAIL FROM:<a@bad.example>");
    doorway_mail(&d, "MAIL FROM:<a@bad.example>");
    doorway_mail(&d, "MAIL FROM:<a@good.example>");
    greet(&d, "EHLO zombie");
    doorway_mail(&d, "MAIL FROM:<a@bad.example>"); /* the same refusal again: not another verdict */
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
    assert_int_equal(doorway_connect(&d, "203.0.113.8", NULL), GP_CLOSE);
    assert_int_equal(doorway_connect(&d, "203.0.113.7", NULL), GP_PASS);
    doorway_helo(&d, "EHLO zombie");
    struct stats *stats = stats_there(&d);
    assert_int_equal(stats_get_verdict(stats, GP_PHASE_HELO, GP_REFUSE), 1);
    assert_int_equal(stats_get_verdict(stats, GP_PHASE_MAIL, GP_FAIL), 2);
    assert_int_equal(stats_get_verdict(stats, GP_PHASE_MAIL, GP_PASS), 0);
    assert_int_equal(stats_get_verdict(stats, GP_PHASE_CONNECT, GP_CLOSE), 2);
    assert_int_equal(stats_get(stats, STATS_BLOCKED), 1);
    assert_int_equal(stats_get(stats, STATS_EXEMPTED), 1);
    assert_int_equal(stats_get(stats, STATS_REFUSED_BLOCKLIST), 1);
    assert_int_equal(stats_get(stats, STATS_REFUSED_BLOCK_TABLE), 1);
    stats_close(&stats);
    doorway_close(&d);
}

static void count__clean_session__makes_no_file(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", "helo, \"*zombie*\", fail\n");
    assert_int_equal(doorway_engine(&d, 0), 1);
    doorway_envelope(&d, CLIENT);
    assert_false(temp_has(&d.folder, "state/stats"));
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(count__rule_file_edited__hits_go_on_with_the_rule),
        cmocka_unit_test(count__checks_in_either_case__are_one_rule),
        cmocka_unit_test(count__verdicts_and_events__each_where_it_belongs),
        cmocka_unit_test(count__clean_session__makes_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
