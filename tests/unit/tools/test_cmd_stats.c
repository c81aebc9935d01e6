#include "tests/unit/lib/command_helper.h"

#include "core/gatepost.h"
#include "core/state/stats.h"

static int stats(const char *arguments)
{
    char line[600];
    snprintf(line, sizeof line, "stats --config %s %.300s", conf, arguments);
    return run(cmd_stats, line);
}

static int64_t the_clock(void *context)
{
    (void)context;
    return NOW;
}

/* One client that uses our name, and one with a single fault. */
static void play_as(bool only_logged)
{
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    struct gp_host host = {.size = sizeof host, .clock = the_clock};
    struct gp_open_options options = {.size = sizeof options, .host = &host, .config = conf};
    struct gp_engine *engine = NULL;
    struct gp_session *session = NULL;
    struct gp_error error = {.size = sizeof error};
    struct gp_verdict v = {.size = sizeof v};
    static const char *const names[] = {"mail.example.com", "laptop", "mail.example.com"};
    if (api->engine_open(&options, &engine, &error) != 1)
        fail_msg("%s:%u: %s", error.file, (unsigned)error.line, error.message);
    for (size_t i = 0; i < 3; i++) {
        char client[20];
        snprintf(client, sizeof client, "203.0.113.%zu", i + 1);
        struct gp_client c = {.size = sizeof c, .address = client, .address_size = strlen(client), .port = 25};
        assert_int_equal(api->session_open(engine, &c, &session), 0);
        api->connect(session, &v);
        api->helo(session, names[i], strlen(names[i]), GP_ARGUMENT, &v);
        assert_int_equal(v.action != GP_PASS, !only_logged);
        api->session_close(&session);
    }
    api->engine_close(&engine);
}

static void play(void)
{
    play_as(false);
}

static void write_rules(const char *before)
{
    char text[600];
    snprintf(text, sizeof text,
             "state-dir = state\ntest-clock = clock\nown-names = mail.example.com\n%s"
             "helo, own-name, refuse block, \"554 no\"\nhelo, not fqdn, fail, \"554 no\"\n",
             before);
    temp_text(&folder, "gatepost.conf", text);
}

static void says(const char *line)
{
    if (!strstr(out, line))
        fail_msg("'%s' is not in: %s", line, out);
}

static void stats__nothing_yet__zeros(void **state)
{
    (void)state;
    assert_int_equal(stats(""), STATUS_YES);
    assert_string_equal(out, "Short-term blacklist - current               0\n"
                             "Short-term blacklist - peak                  0\n"
                             "Short-term blacklist - places                0\n"
                             "Short-term blacklist - had to make room      0\n");
    assert_int_equal(stats("--json"), STATUS_YES);
    says("\"evicted\": 0, \"since\": null}");
    assert_true(folder_remove(state_dir)); /* and makes no file */
}

/* The two lines are those of the daily report of Mercury/32. */
static void stats__list__in_the_words_of_mercury(void **state)
{
    (void)state;
    fill();
    assert_int_equal(stats(""), STATUS_YES);
    static const char wanted[] = "Short-term blacklist - current               4\n"
                                 "Short-term blacklist - peak                  5\n"
                                 "Short-term blacklist - places                96\n"
                                 "Short-term blacklist - had to make room      0\n"
                                 "Short-term blacklist - since                 20";
    assert_memory_equal(out, wanted, strlen(wanted));
    assert_int_equal(stats("--at 2003-07-12T09:22:25Z"), STATUS_YES);
    says("Short-term blacklist - current               2\n");
    says("Short-term blacklist - peak                  5\n");
}

static void stats__sessions__rules_and_verdicts(void **state)
{
    (void)state;
    write_rules("");
    play();
    assert_int_equal(stats(""), STATUS_YES);
    says("Clients put on the list - by rules           2\n");
    says("Verdicts - helo fail                         1\n");
    says("Verdicts - helo refuse                       2\n");
    says("Rule gatepost.conf:4                         2\n");
    says("Rule gatepost.conf:5                         1\n");
    /* They are recognised after an edit above them; a deleted one is counted as such. */
    write_rules("# comment\n\n");
    assert_int_equal(stats(""), STATUS_YES);
    says("Rule gatepost.conf:6                         2\n");
    temp_text(&folder, "gatepost.conf", "state-dir = state\nhelo, not FQDN, fail, \"501 other words\"\n");
    assert_int_equal(stats(""), STATUS_YES);
    says("Rule gatepost.conf:2                         1\n");
    says("Rules no longer in the file                  2\n");
}

static void stats__json_and_prometheus__for_programs(void **state)
{
    (void)state;
    write_rules("");
    play();
    assert_int_equal(stats("--json"), STATUS_YES);
    says("{\"blocklist\": {\"current\": 2, \"peak\": 2, \"places\": 98304, \"evicted\": 0, \"since\": \"20");
    says("\"blocked_rule\": 2, ");
    says("\"verdicts\": [{\"phase\": \"helo\", \"action\": \"fail\", \"count\": 1}, "
         "{\"phase\": \"helo\", \"action\": \"refuse\", \"count\": 2}],");
    says("\"rules\": [{\"rule\": \"gatepost.conf:4\", \"hits\": 2}, ");
    assert_int_equal(stats("--prometheus"), STATUS_YES);
    says("# HELP gatepost_blocklist_clients Clients on the blocklist now.\n"
         "# TYPE gatepost_blocklist_clients gauge\n"
         "gatepost_blocklist_clients 2\n");
    says("# TYPE gatepost_blocklist_clients_peak gauge\n");
    says("# TYPE gatepost_blocklist_evicted_total counter\n");
    says("# TYPE gatepost_verdicts_total counter\n"
         "gatepost_verdicts_total{phase=\"helo\",action=\"fail\"} 1\n");
    says("gatepost_rule_hits_total{rule=\"gatepost.conf:4\"} 2\n");
    /* Every line is a comment of a metric, or one of its values: the metric that was described last. */
    char described[100] = "";
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
        char name[100] = "";
        if (sscanf(line, "# HELP %99s", described) == 1)
            continue;
        if (sscanf(line, "# TYPE %99s", name) != 1)
            assert_int_equal(sscanf(line, "%99[a-z_]", name), 1);
        assert_string_equal(name, described);
    }
}

/* Once in earnest, once in trial mode: the verdicts of each are counted apart. */
static void stats__mode_log__would_be_verdicts_are_counted_apart(void **state)
{
    (void)state;
    write_rules("");
    play();
    write_rules("mode = log\n");
    play_as(true);
    assert_int_equal(stats(""), STATUS_YES);
    says("Verdicts - helo refuse                       2\n");
    says("Verdicts that were only logged - helo fail   1\n");
    says("Verdicts that were only logged - helo refuse 2\n");
    says("Clients put on the list - by rules           2\n");
    assert_int_equal(stats("--json"), STATUS_YES);
    says("\"verdicts\": [{\"phase\": \"helo\", \"action\": \"fail\", \"count\": 1}, ");
    says("\"would\": [{\"phase\": \"connect\", \"action\": \"close\", \"count\": 2}, "
         "{\"phase\": \"helo\", \"action\": \"fail\", \"count\": 1}, "
         "{\"phase\": \"helo\", \"action\": \"refuse\", \"count\": 2}], ");
    assert_int_equal(stats("--prometheus"), STATUS_YES);
    says("gatepost_verdicts_total{phase=\"helo\",action=\"refuse\"} 2\n");
    says("# TYPE gatepost_would_verdicts_total counter\n"
         "gatepost_would_verdicts_total{phase=\"connect\",action=\"close\"} 2\n"
         "gatepost_would_verdicts_total{phase=\"helo\",action=\"fail\"} 1\n"
         "gatepost_would_verdicts_total{phase=\"helo\",action=\"refuse\"} 2\n");
}

static void stats__damaged_or_wrong__status(void **state)
{
    (void)state;
    assert_int_equal(stats("--json --prometheus"), STATUS_USAGE);
    assert_int_equal(stats("x"), STATUS_USAGE);
    assert_int_equal(stats("--at now"), STATUS_USAGE);
    assert_int_equal(stats("--help"), STATUS_YES);
    says("example: ");
    temp_text(&folder, "state/stats", "no counters");
    assert_int_equal(stats(""), STATUS_CANNOT);
    assert_string_equal(out, "");
    assert_non_null(strstr(err, "state/stats: it is too short"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stats__nothing_yet__zeros),
        TEST(stats__list__in_the_words_of_mercury),
        TEST(stats__sessions__rules_and_verdicts),
        TEST(stats__json_and_prometheus__for_programs),
        TEST(stats__mode_log__would_be_verdicts_are_counted_apart),
        TEST(stats__damaged_or_wrong__status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
