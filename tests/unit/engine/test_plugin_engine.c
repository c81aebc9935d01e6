/* An engine whose rules ask a plugin, loaded from a file as in a mail server. */
#include "tests/unit/lib/doorway.h"
#include "tests/unit/lib/plugin_folder.h"

#include <sys/wait.h>

#define CLIENT "203.0.113.9"

static void copy_plugin(struct doorway *d, const char *name)
{
    char command[8500];
    snprintf(command, sizeof command, "cp '%s' '%s'", plugin_in_build(name), temp_path(&d->folder, "new"));
    assert_int_equal(system(command), 0);
    assert_int_equal(rename(temp_path(&d->folder, "new"), temp_path(&d->folder, "words.so")), 0);
}

static void start(struct doorway *d, const char *rules)
{
    doorway_make(d);
    copy_plugin(d, "test_words.so");
    temp_text(&d->folder, "gatepost.conf", rules);
    d->now = 3600000;
}

/* A process of its own: nothing of the engine before is left but the files. */
static int again(struct doorway *d, uint32_t flags)
{
    if (d->session)
        d->api->session_close(&d->session);
    if (d->engine)
        d->api->engine_close(&d->engine);
    d->log[0] = '\0';
    return doorway_engine(d, flags);
}

static const char *judged(struct doorway *d, const char *line)
{
    doorway_connect(d, CLIENT, NULL);
    return doorway_helo(d, line) == GP_PASS ? "pass" : d->verdict.reply;
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;
    for (const char *p = strstr(text, part); p; p = strstr(p + 1, part))
        n++;
    return n;
}

static const char rules[] = "load \"words\"\nhelo, word(\"zombie\"), fail, \"554 word\"\n";

static void engine__rules_with_a_plugin__judge_from_file_and_from_the_image(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, rules);
    for (int process = 0; process < 3; process++) {
        assert_int_equal(again(&d, 0), 1);
        assert_string_equal(judged(&d, "EHLO zombie.example"), "554 word");
        assert_string_equal(d.verdict.cause, "gatepost.conf:2");
        assert_string_equal(judged(&d, "EHLO mx.example"), "pass");
        /* Rules that come from the image need not be announced. */
        assert_int_equal(count(d.log, "rules in force"), process == 0);
    }
    doorway_close(&d);
}

static void engine__another_plugin_in_its_place__is_a_change_of_the_rules(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, rules);
    assert_int_equal(again(&d, 0), 1);
    copy_plugin(&d, "test_words.so");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_int_equal(d.api->engine_refresh(d.engine), 0);
    assert_string_equal(judged(&d, "EHLO zombie"), "554 word");
    copy_plugin(&d, "test_words.so");
    assert_int_equal(again(&d, 0), 1);
    assert_int_equal(count(d.log, "rules in force"), 1);
    assert_string_equal(judged(&d, "EHLO zombie"), "554 word");
    doorway_close(&d);
}

static void engine__a_plugin_that_vanishes__leaves_the_last_good_rules(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "load \"words\"\nhelo, word(\"zombie\"), fail, \"554 word\"\nhelo, \"*zombie*\", fail, \"554 "
              "pattern\"\n");
    assert_int_equal(again(&d, 0), 1);
    assert_int_equal(unlink(temp_path(&d.folder, "words.so")), 0);
    d.log[0] = '\0';
    assert_int_equal(d.api->engine_refresh(d.engine), -1);
    assert_int_equal(count(d.log, "1:6: cannot load words: neither "), 1);
    assert_int_equal(count(d.log, "the last good rules stay in force"), 1);
    assert_string_equal(judged(&d, "EHLO zombie"), "554 word");
    /* Back again. */
    copy_plugin(&d, "test_words.so");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, "EHLO zombie"), "554 word");
    doorway_close(&d);
}

/* What is loaded stays loaded: so another process makes the image here, and this one never saw the plugin. */
static void engine__no_plugin_from_the_beginning__leaves_the_other_last_good_rules(void **state)
{
    struct doorway d;
    int status = -1;
    (void)state;
    start(&d, "load \"words\"\nhelo, word(\"zombie\"), fail, \"554 word\"\nhelo, \"*zombie*\", fail, \"554 "
              "pattern\"\n");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(doorway_engine(&d, 0) != 1 || strcmp(judged(&d, "EHLO zombie"), "554 word") != 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(unlink(temp_path(&d.folder, "words.so")), 0);
    assert_int_equal(again(&d, 0), 1);
    assert_int_equal(count(d.log, "1:6: cannot load words: neither "), 1);
    assert_int_equal(count(d.log, "the last good rules stay in force"), 1);
    assert_string_equal(judged(&d, "EHLO zombie"), "554 pattern");
    assert_int_equal(count(d.log,
                           "check word(\"zombie\") of gatepost.conf:2 cannot say: its plugin could not be "
                           "loaded (said once an hour)"),
                     1);
    copy_plugin(&d, "test_words.so");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, "EHLO zombie"), "554 word");
    doorway_close(&d);
}

static void engine__a_plugin_beside_the_rules_that_was_not_there__goes_first_when_it_comes(void **state)
{
    struct doorway d;
    char conf[9000];
    (void)state;
    start(&d, "");
    assert_int_equal(unlink(temp_path(&d.folder, "words.so")), 0);
    assert_int_equal(again(&d, 0), 1);
    temp_text(&d.folder, "gatepost.conf", rules);
    assert_int_equal(d.api->engine_refresh(d.engine), -1);
    copy_plugin(&d, "test_words.so");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, "EHLO zombie"), "554 word");
    /* By its absolute path, from anywhere. */
    snprintf(conf, sizeof conf, "load \"%.*s\"\nhelo, word(\"x\"), fail, \"554 x\"\n",
             (int)(strlen(plugin_in_build("test_words.so")) - 3), plugin_in_build("test_words.so"));
    temp_text(&d.folder, "gatepost.conf", conf);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d, "EHLO x"), "554 x");
    doorway_close(&d);
}

static void engine__a_check_that_cannot_say__is_logged_once_an_hour_by_all(void **state)
{
    struct doorway d;
    (void)state;
    start(&d,
          "load \"words\"\nhelo, word(\"dunno\"), fail\nhelo, not word(\"dunno\"), fail\nhelo, word(\"odd\"), "
          "fail\n");
    assert_int_equal(again(&d, 0), 1);
    d.log[0] = '\0';
    for (int i = 0; i < 5; i++)
        assert_string_equal(judged(&d, "EHLO mx"), "pass");
    assert_string_equal(d.log,
                        "gatepost: check word(\"dunno\") of gatepost.conf:2 cannot say: nobody?knows (said "
                        "once an hour)\n"
                        "gatepost: check word(\"dunno\") of gatepost.conf:3 cannot say: nobody?knows (said "
                        "once an hour)\n"
                        "gatepost: check word(\"odd\") of gatepost.conf:4 cannot say: the check cannot say "
                        "(said once an hour)\n");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d, "EHLO mx"), "pass");
    assert_string_equal(d.log, "");
    d.now += 3600;
    assert_string_equal(judged(&d, "EHLO mx"), "pass");
    assert_int_equal(count(d.log, "cannot say: "), 3);
    doorway_close(&d);
}

static void engine__a_fact_that_nobody_knows__is_no_failure_of_the_check(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "load \"words\"\nrcpt, not word(\"x\"), fail\n");
    assert_int_equal(again(&d, GP_READ_ONLY), 1);
    doorway_connect(&d, CLIENT, NULL);
    d.api->unknown(d.session, GP_FACT_RCPT);
    d.log[0] = '\0';
    assert_int_equal(d.api->data(d.session, &d.verdict), GP_PASS);
    assert_string_equal(d.log, "");
    doorway_close(&d);
}

static void engine__what_a_check_says__is_one_line_under_our_name(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "load \"words\"\nhelo, word(\"chatty\"), fail\n");
    assert_int_equal(again(&d, GP_NO_STATE), 1);
    assert_string_equal(d.log, "gatepost: word says something\n");
    doorway_close(&d);
}

static void engine__mode_log_and_read_only__ask_as_ever(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "mode = log\nload \"words\"\nhelo, word(\"zombie\"), refuse block, \"554 word\"\n");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d, "EHLO zombie"), "pass");
    assert_int_equal(count(d.log, "gatepost: would refuse phase=helo"), 1);
    temp_text(&d.folder, "gatepost.conf", rules);
    assert_int_equal(again(&d, GP_READ_ONLY), 1);
    assert_string_equal(judged(&d, "EHLO zombie"), "554 word");
    doorway_close(&d);
}

static char traced[4096];

static void trace(void *context, const char *line, size_t n)
{
    (void)context;
    strncat(traced, line, n < 500 ? n : 500);
    strcat(traced, "\n");
}

static void engine__trace__says_what_the_check_answered(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "load \"words\"\nhelo, word(\"zombie\"), fail\nhelo-deferred, not word(\"a\"), log\n");
    assert_int_equal(again(&d, GP_NO_STATE | GP_READ_ONLY), 1);
    const struct gp_trace_ext *ext = d.api->get_ext("trace/1");
    doorway_connect(&d, CLIENT, NULL);
    ext->set(d.session, trace, NULL);
    doorway_helo(&d, "EHLO zombie");
    assert_non_null(
        strstr(traced, "gatepost.conf:2: helo word(\"zombie\"): 'zombie' stands at 5: triggers: fail"));
    assert_non_null(strstr(
        traced, "gatepost.conf:3: helo-deferred not word(\"a\"): the check does not hold: triggers: log"));
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine__rules_with_a_plugin__judge_from_file_and_from_the_image),
        cmocka_unit_test(engine__another_plugin_in_its_place__is_a_change_of_the_rules),
        cmocka_unit_test(engine__a_plugin_that_vanishes__leaves_the_last_good_rules),
        cmocka_unit_test(engine__no_plugin_from_the_beginning__leaves_the_other_last_good_rules),
        cmocka_unit_test(engine__a_plugin_beside_the_rules_that_was_not_there__goes_first_when_it_comes),
        cmocka_unit_test(engine__a_check_that_cannot_say__is_logged_once_an_hour_by_all),
        cmocka_unit_test(engine__a_fact_that_nobody_knows__is_no_failure_of_the_check),
        cmocka_unit_test(engine__what_a_check_says__is_one_line_under_our_name),
        cmocka_unit_test(engine__mode_log_and_read_only__ask_as_ever),
        cmocka_unit_test(engine__trace__says_what_the_check_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
