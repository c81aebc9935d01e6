#include "tests/unit/lib/doorway.h"
#include "tests/unit/lib/rounds.h"

#include "core/config/config.h"
#include "core/rules/image.h"
#include "core/state/state_dir.h"

#include <errno.h>

#define CLIENT "203.0.113.9"

static const char one[] = "helo, \"*zombie*\", fail, \"554 one\"\n";
static const char two[] = "# changed\nhelo, \"*zombie*\", fail, \"554 two\"\n";
static const char broken[] = "helo, \"*zombie*\", fail, \"554 three\"\nhelo, not fqnd, refuse\n";

/* What a new session gets for "EHLO zombie". */
static const char *judged(struct doorway *d)
{
    doorway_connect(d, CLIENT, NULL);
    return doorway_helo(d, "EHLO zombie") == GP_PASS ? "pass" : d->verdict.reply;
}

static void start(struct doorway *d, const char *rules)
{
    doorway_make(d);
    temp_text(&d->folder, "gatepost.conf", rules);
}

/* A process of its own, as Exim starts one per connection. Returns engine_open()'s value. */
static int again(struct doorway *d, uint32_t flags)
{
    if (d->session)
        d->api->session_close(&d->session);
    if (d->engine)
        d->api->engine_close(&d->engine);
    d->log[0] = '\0';
    return doorway_engine(d, flags);
}

static void assert_log(struct doorway *d, const char *format)
{
    char wanted[2048];
    size_t n = 0;
    for (const char *p = format; *p; p++)
        n += (size_t)snprintf(wanted + n, sizeof wanted - n, *p == '@' ? "%s" : "%.1s",
                              *p == '@' ? temp_path(&d->folder, "gatepost.conf") : p);
    assert_string_equal(d->log, wanted);
    d->log[0] = '\0';
}

static unsigned files_in(struct doorway *d, const char *name)
{
    return folder_count(temp_path(&d->folder, name), "", NULL, 0);
}

/* Where the image of CONFIG lies. */
static const char *image_of(struct doorway *d, const char *config)
{
    static char path[512];
    assert_true(state_dir_path(temp_path(&d->folder, "state"), "rules", temp_path(&d->folder, config), "image",
                               path, sizeof path));
    return path;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

/* ---- rules that change ---- */

static void reload__changed_rules__are_in_force_for_the_next_session(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, one);
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_string_equal(d.log, "");
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
    temp_text(&d.folder, "gatepost.conf", two);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_log(&d, "gatepost: rules in force: @, 1 rules\n");
    /* The session that was open keeps what it began with. */
    assert_int_equal(doorway_helo(&d, "EHLO zombie"), GP_FAIL);
    assert_string_equal(d.verdict.reply, "554 one");
    assert_string_equal(judged(&d), "554 two");
    assert_int_equal(d.api->engine_refresh(d.engine), 0);
    doorway_close(&d);
}

/* A process that lives long says at each start what is in force, also where all is as before, and where nothing can
 * be written. */
static void announce__every_opening__says_which_rules_are_in_force(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, one);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(doorway_engine(&d, i == 2 ? GP_ANNOUNCE | GP_READ_ONLY : GP_ANNOUNCE), 1);
        assert_log(&d, "gatepost: rules in force: @, 1 rules\n");
        d.api->engine_close(&d.engine);
    }
    assert_int_equal(doorway_engine(&d, 0), 1);
    assert_string_equal(d.log, "");
    d.api->engine_close(&d.engine);
    /* Rules that cannot be used: the reason each time, and what is in force instead. */
    temp_text(&d.folder, "gatepost.conf", "!\n");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(doorway_engine(&d, GP_ANNOUNCE), 1);
        assert_non_null(strstr(d.log, ":1:1: expected an operation"));
        assert_non_null(strstr(d.log, "the last good rules stay in force"));
        assert_non_null(strstr(d.log, "gatepost: rules in force: "));
        d.log[0] = '\0';
        d.api->engine_close(&d.engine);
    }
    doorway_close(&d);
}

static void reload__without_being_asked__is_looked_for_once_a_second(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, one);
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    temp_text(&d.folder, "gatepost.conf", two);
    assert_string_equal(judged(&d), "554 one");
    pause_us(1100 * 1000);
    assert_string_equal(judged(&d), "554 two");
    doorway_close(&d);
}

static void reload__broken_rules__are_said_once_and_the_last_good_ones_stay(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, one);
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    temp_text(&d.folder, "gatepost.conf", broken);
    assert_int_equal(d.api->engine_refresh(d.engine), -1);
    assert_log(&d, "gatepost: @:2:11: unknown check 'fqnd'; did you mean 'fqdn'?\n"
                   "gatepost:   helo, not fqnd, refuse\n"
                   "gatepost:             ^\n"
                   "gatepost: the last good rules stay in force\n");
    assert_int_equal(d.api->engine_refresh(d.engine), 0);
    assert_string_equal(judged(&d), "554 one");
    assert_null(strstr(d.log, "fqnd"));
    /* Broken in another way: that is new. */
    temp_text(&d.folder, "gatepost.conf", "!\n");
    assert_int_equal(d.api->engine_refresh(d.engine), -1);
    assert_non_null(strstr(d.log, ":1:1: expected an operation"));
    temp_text(&d.folder, "gatepost.conf", two);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 two");
    doorway_close(&d);
}

static void reload__more_mistakes_than_the_log_takes__still_says_what_is_in_force(void **state)
{
    struct doorway d;
    char rules[8192] = "";
    (void)state;
    for (int i = 0; i < 100; i++)
        strncat(rules, "helo, not fqnd, refuse, \"554 a line that is wrong\"\n", 60);
    start(&d, one);
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    temp_text(&d.folder, "gatepost.conf", rules);
    assert_int_equal(d.api->engine_refresh(d.engine), -1);
    assert_non_null(strstr(d.log, ":1:11: unknown check"));
    assert_non_null(strstr(d.log, "\ngatepost: there are more errors; 'gatepost check' shows all of them\n"
                                  "gatepost: the last good rules stay in force\n"));
    doorway_close(&d);
}

static void reload__hostile_bytes_in_the_rule_file__are_not_logged(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "own-addresses = \x1b[31m\r\x01\x7f\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 0);
    for (const char *p = d.log; *p; p++)
        assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
    doorway_close(&d);
}

static void reload__deleted_rules__stay_in_force(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, one);
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    temp_delete(&d.folder, "gatepost.conf");
    assert_int_equal(d.api->engine_refresh(d.engine), -1);
    assert_log(&d, "gatepost: @: cannot read the rule file: No such file or directory\n"
                   "gatepost: the last good rules stay in force\n");
    assert_int_equal(d.api->engine_refresh(d.engine), 0);
    assert_string_equal(judged(&d), "554 one");
    temp_text(&d.folder, "gatepost.conf", two);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 two");
    doorway_close(&d);
}

static void reload__included_file__is_watched_too(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "include \"more.conf\"\n");
    assert_int_equal(doorway_engine(&d, 0), 0);
    assert_non_null(strstr(d.log, ":1:9: cannot read "));
    assert_string_equal(judged(&d), "pass");
    temp_text(&d.folder, "more.conf", one);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 one");
    temp_text(&d.folder, "more.conf", two);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 two");
    /* The image knows what it was made from. */
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d), "554 two");
    temp_text(&d.folder, "more.conf", one);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 one");
    temp_text(&d.folder, "more.conf", two);
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d), "554 two");
    doorway_close(&d);
}

static void open__no_rules__passes_or_tempfails_as_the_host_wishes(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 0);
    assert_log(&d, "gatepost: @: cannot read the rule file: No such file or directory\n"
                   "gatepost: no rules are in force; every message passes\n");
    assert_string_equal(judged(&d), "pass");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    assert_int_equal(again(&d, GP_NO_STATE | GP_TEMPFAIL), 0);
    assert_log(&d, "gatepost: @: cannot read the rule file: No such file or directory\n"
                   "gatepost: no rules are in force; every message gets 451\n");
    assert_string_equal(judged(&d), "pass");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_FAIL);
    assert_string_equal(d.verdict.reply, "451 4.3.0 Temporary local problem");
    assert_string_equal(d.verdict.cause, "on-error");
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<a@b.c>"), GP_FAIL);
    /* A host that asks only at the end gets the verdict there, both times. */
    assert_int_equal(d.api->end_of_headers(d.session, &d.verdict), GP_FAIL);
    assert_int_equal(d.api->end_of_message(d.session, 0, &d.verdict), GP_FAIL);
    assert_int_equal(d.verdict.code, 451);
    /* What does not come over the network is never held up. */
    doorway_connect(&d, "", NULL);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.c>"), GP_PASS);
    /* Mended while we run. */
    temp_text(&d.folder, "gatepost.conf", one);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 one");
    doorway_close(&d);
}

/* ---- one process per connection ---- */

static void process__broken_rules__runs_the_kept_ones_and_says_so_once(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, one);
    assert_int_equal(again(&d, 0), 1);
    assert_log(&d, "gatepost: rules in force: @, 1 rules\n");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(d.log, "");
    temp_text(&d.folder, "gatepost.conf", broken);
    assert_int_equal(again(&d, 0), 1);
    assert_log(&d, "gatepost: @:2:11: unknown check 'fqnd'; did you mean 'fqdn'?\n"
                   "gatepost:   helo, not fqnd, refuse\n"
                   "gatepost:             ^\n"
                   "gatepost: the last good rules stay in force, as kept in the state directory\n");
    assert_string_equal(judged(&d), "554 one");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(again(&d, 0), 1);
        assert_string_equal(d.log, "");
        assert_string_equal(judged(&d), "554 one");
    }
    temp_text(&d.folder, "gatepost.conf", "!\n");
    assert_int_equal(again(&d, 0), 1);
    assert_non_null(strstr(d.log, ":1:1: expected an operation"));
    temp_delete(&d.folder, "gatepost.conf");
    assert_int_equal(again(&d, 0), 1);
    assert_non_null(strstr(d.log, "cannot read the rule file"));
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(d.log, "");
    assert_string_equal(judged(&d), "554 one");
    /* Nothing is in force any more: that is said, though the file is not news. */
    char *bytes;
    size_t n;
    struct file_id id;
    assert_int_equal(os_read(image_of(&d, "gatepost.conf"), 1 << 20, &bytes, &n, &id), 0);
    assert_int_equal(os_remove(image_of(&d, "gatepost.conf")), 0);
    assert_int_equal(again(&d, 0), 0);
    assert_non_null(strstr(d.log, "gatepost: no rules are in force; every message passes\n"));
    assert_int_equal(again(&d, 0), 0);
    assert_string_equal(d.log, "");
    write_file(image_of(&d, "gatepost.conf"), bytes, n);
    free(bytes);
    assert_int_equal(again(&d, 0), 1);
    /* A running process uses them once they are repaired. */
    temp_text(&d.folder, "gatepost.conf", two);
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 two");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(d.log, "");
    assert_string_equal(judged(&d), "554 two");
    doorway_close(&d);
}

static void process__unchanged_rules__maps_the_image(void **state)
{
    /* An image that says something else than the file it claims to be of shows which of the two is read. */
    struct doorway d;
    struct report report = {0};
    char image[512], config[256];
    struct block *r = NULL;
    (void)state;
    start(&d, one);
    snprintf(image, sizeof image, "%s", image_of(&d, "gatepost.conf"));
    snprintf(config, sizeof config, "%s", temp_path(&d.folder, "gatepost.conf"));
    temp_text(&d.folder, "gatepost.conf", two);
    r = config_load(config, NULL, 0, &report, NULL, NULL);
    assert_non_null(r);
    struct text bytes = block_bytes(r);
    char *copy = malloc(bytes.n);
    assert_non_null(copy);
    memcpy(copy, bytes.p, bytes.n);
    temp_text(&d.folder, "gatepost.conf", one);
    struct block_head *head = (struct block_head *)(void *)copy;
    struct file_note *note = (struct file_note *)(void *)(copy + head->files.at);
    assert_int_equal(os_file_id(config, &note->id), 0);
    head->sum = block_sum(copy, bytes.n);
    write_file(image, copy, bytes.n);
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(d.log, "");
    assert_string_equal(judged(&d), "554 two");
    /* Without state, or once the file changes, it is not looked at. */
    assert_int_equal(again(&d, GP_NO_STATE), 1);
    assert_string_equal(judged(&d), "554 one");
    temp_text(&d.folder, "gatepost.conf", one);
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d), "554 one");
    free(copy);
    block_unref(&r);
    doorway_close(&d);
}

static void process__image_of_another_rule_file__is_not_believed(void **state)
{
    struct doorway d;
    char mine[512], *bytes;
    size_t n;
    struct file_id id;
    (void)state;
    start(&d, one);
    snprintf(mine, sizeof mine, "%s", image_of(&d, "gatepost.conf"));
    temp_text(&d.folder, "gatepost.conf", two);
    struct report report = {0};
    temp_text(&d.folder, "other.conf", one);
    struct block *r = config_load(temp_path(&d.folder, "other.conf"), NULL, 0, &report, NULL, NULL);
    assert_non_null(r);
    assert_int_equal(image_store(mine, r), 0);
    block_unref(&r);
    assert_int_equal(again(&d, GP_READ_ONLY), 1);
    assert_string_equal(judged(&d), "554 two");
    temp_delete(&d.folder, "gatepost.conf");
    assert_int_equal(again(&d, GP_READ_ONLY), 0);
    assert_string_equal(judged(&d), "pass");
    assert_int_equal(os_read(mine, 1 << 20, &bytes, &n, &id), 0);
    free(bytes);
    doorway_close(&d);
}

/* Every damage of the image: with the rule file the file is read, without it nothing is in force. */
static void assert_not_believed(struct doorway *d, const char *image, const void *bytes, size_t n, size_t where)
{
    write_file(image, bytes, n);
    temp_text(&d->folder, "gatepost.conf", two);
    int with = again(d, GP_READ_ONLY);
    const char *first = judged(d);
    if (with != 1 || strcmp(first, "554 two") != 0)
        print_error("damage at %zu: %s\n", where, first);
    assert_int_equal(with, 1);
    assert_string_equal(first, "554 two");
    temp_delete(&d->folder, "gatepost.conf");
    int without = again(d, GP_READ_ONLY);
    const char *second = judged(d);
    if (without != 0 || strcmp(second, "pass") != 0)
        print_error("damage at %zu: %s\n", where, second);
    assert_int_equal(without, 0);
    assert_string_equal(second, "pass");
}

static void process__damaged_image__is_never_believed(void **state)
{
    struct doorway d;
    char *bytes = NULL, image[512];
    size_t n = 0;
    struct file_id id;
    (void)state;
    start(&d, one);
    assert_int_equal(again(&d, 0), 1);
    snprintf(image, sizeof image, "%s", image_of(&d, "gatepost.conf"));
    assert_int_equal(os_read(image, 1 << 20, &bytes, &n, &id), 0);
    for (size_t i = 0; i < n; i += slowness()) {
        bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
        assert_not_believed(&d, image, bytes, n, i);
        bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
    }
    for (size_t i = 0; i < n; i += slowness())
        assert_not_believed(&d, image, bytes, i, i);
    /* It is logged once, and made again. */
    temp_text(&d.folder, "gatepost.conf", one);
    write_file(image, bytes, n - 1);
    assert_int_equal(again(&d, GP_READ_ONLY), 1);
    assert_non_null(strstr(d.log, "the stored rules "));
    assert_non_null(
        strstr(d.log, "cannot be used (damaged, or of another version or rule file); reading the rule file"));
    assert_int_equal(again(&d, 0), 1);
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(d.log, "");
    assert_string_equal(judged(&d), "554 one");
    free(bytes);
    doorway_close(&d);
}

/* ---- tables ---- */

static const char spared[] = "exempt-table = exempt.cdb\nhelo, \"*zombie*\", fail, \"554 one\"\n";

static void tables__replaced__are_taken_up_by_new_sessions(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, spared);
    doorway_table(&d, "exempt.cdb", "203.0.113.9 all\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_string_equal(judged(&d), "pass");
    doorway_connect(&d, CLIENT, NULL);
    doorway_table(&d, "exempt.cdb", "203.0.113.8 all\n");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    /* The session that was open keeps its table. */
    assert_int_equal(doorway_helo(&d, "EHLO zombie"), GP_PASS);
    assert_string_equal(judged(&d), "554 one");
    assert_int_equal(d.api->engine_refresh(d.engine), 0);
    doorway_close(&d);
}

static void tables__broken_replacement__keeps_the_old_one_and_says_so_once(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, spared);
    doorway_table(&d, "exempt.cdb", "203.0.113.9 all\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_string_equal(judged(&d), "pass");
    assert_string_equal(d.log, "");
    temp_text(&d.folder, "exempt.cdb", "this is no table");
    assert_int_not_equal(d.api->engine_refresh(d.engine), 0);
    assert_non_null(strstr(d.log, "exempt.cdb: "));
    assert_non_null(strstr(d.log, "; the last good one stays in use\n"));
    d.log[0] = '\0';
    assert_string_equal(judged(&d), "pass");
    assert_int_equal(d.api->engine_refresh(d.engine), 0);
    assert_string_equal(judged(&d), "pass");
    assert_string_equal(d.log, "");
    temp_delete(&d.folder, "exempt.cdb");
    assert_int_not_equal(d.api->engine_refresh(d.engine), 0);
    assert_non_null(strstr(d.log, "; the last good one stays in use\n"));
    assert_string_equal(judged(&d), "pass");
    doorway_table(&d, "exempt.cdb", "203.0.113.8 all\n");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 one");
    doorway_close(&d);
}

static void tables__broken__new_processes_use_the_kept_copy(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, spared);
    doorway_table(&d, "exempt.cdb", "203.0.113.9 all\n");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d), "pass");
    temp_text(&d.folder, "exempt.cdb", "this is no table");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d), "pass");
    assert_non_null(strstr(d.log, "; the last good one stays in use\n"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(again(&d, 0), 1);
        assert_string_equal(judged(&d), "pass");
        assert_string_equal(d.log, "");
    }
    temp_delete(&d.folder, "exempt.cdb");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d), "pass");
    assert_non_null(strstr(d.log, "; the last good one stays in use\n"));
    doorway_table(&d, "exempt.cdb", "203.0.113.8 all\n");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d), "554 one");
    /* The copy follows. */
    temp_text(&d.folder, "exempt.cdb", "this is no table");
    assert_int_equal(again(&d, 0), 1);
    assert_string_equal(judged(&d), "554 one");
    doorway_close(&d);
}

static void tables__renamed_in_the_rules__are_opened_anew(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, spared);
    doorway_table(&d, "exempt.cdb", "203.0.113.9 all\n");
    doorway_table(&d, "other.cdb", "203.0.113.8 all\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_string_equal(judged(&d), "pass");
    temp_text(&d.folder, "gatepost.conf", "exempt-table = other.cdb\nhelo, \"*zombie*\", fail, \"554 one\"\n");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 one");
    doorway_close(&d);
}

static void tables__not_named_and_not_there__are_no_fault(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, "helo, \"*zombie*\", fail, \"554 one\"\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    assert_string_equal(judged(&d), "554 one");
    assert_null(strstr(d.log, "cdb"));
    d.log[0] = '\0';
    /* A table that appears is used; one that disappears is not missed. */
    doorway_table(&d, "exempt.cdb", "203.0.113.9 all\n");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "pass");
    temp_delete(&d.folder, "exempt.cdb");
    assert_int_equal(d.api->engine_refresh(d.engine), 1);
    assert_string_equal(judged(&d), "554 one");
    assert_null(strstr(d.log, "cdb"));
    doorway_close(&d);
}

/* ---- the state directory ---- */

static void state__read_only_or_none__nothing_is_written(void **state)
{
    static const uint32_t flags[] = {GP_READ_ONLY, GP_NO_STATE, GP_NO_STATE | GP_READ_ONLY};
    struct doorway d;
    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        start(&d, spared);
        doorway_table(&d, "exempt.cdb", "203.0.113.9 all\n");
        assert_int_equal(again(&d, flags[i]), 1);
        assert_string_equal(judged(&d), "pass");
        temp_text(&d.folder, "gatepost.conf", broken);
        assert_int_equal(d.api->engine_refresh(d.engine), -1);
        temp_text(&d.folder, "exempt.cdb", "this is no table");
        d.api->engine_refresh(d.engine);
        assert_int_equal(again(&d, flags[i]), 0);
        assert_int_equal(files_in(&d, "state"), 0);
        doorway_close(&d);
    }
}

static void state__read_only__reads_what_is_there(void **state)
{
    struct doorway d;
    (void)state;
    start(&d, one);
    assert_int_equal(again(&d, 0), 1);
    assert_int_equal(files_in(&d, "state"), 1);
    temp_text(&d.folder, "gatepost.conf", broken);
    assert_int_equal(again(&d, GP_READ_ONLY), 1);
    assert_string_equal(judged(&d), "554 one");
    assert_int_equal(files_in(&d, "state"), 1);
    doorway_close(&d);
}

static void state__missing_or_no_folder__judges_all_the_same(void **state)
{
    struct doorway d;
    (void)state;
    for (int i = 0; i < 2; i++) {
        start(&d, spared);
        assert_true(folder_remove(temp_path(&d.folder, "state")));
        if (i == 1)
            temp_text(&d.folder, "state", "not a folder");
        doorway_table(&d, "exempt.cdb", "203.0.113.9 all\n");
        for (int k = 0; k < 2; k++) {
            assert_int_equal(again(&d, 0), 1);
            assert_string_equal(judged(&d), "pass");
            doorway_connect(&d, "203.0.113.8", NULL);
            assert_int_equal(doorway_helo(&d, "EHLO zombie"), GP_FAIL);
        }
        temp_text(&d.folder, "gatepost.conf", broken);
        assert_int_equal(d.api->engine_refresh(d.engine), -1);
        assert_non_null(strstr(d.log, "fqnd"));
        assert_string_equal(judged(&d), "pass");
        doorway_close(&d);
    }
}

static void state__folder_of_the_rule_file__is_found_before_it_is_parsed(void **state)
{
    struct doorway d;
    char config[256];
    struct gp_host host = {.size = sizeof host, .context = &d, .log = doorway_log};
    (void)state;
    start(&d, "\xef\xbb\xbfstate-dir = state  # beside\nhelo, \"*zombie*\", fail, \"554 one\"\n");
    snprintf(config, sizeof config, "%s", temp_path(&d.folder, "gatepost.conf"));
    struct gp_open_options o = {.size = sizeof o, .host = &host, .config = config};
    d.api = gatepost_api(GP_API_MAJOR);
    assert_int_equal(d.api->engine_open(&o, &d.engine, NULL), 1);
    assert_string_equal(judged(&d), "554 one");
    assert_int_equal(files_in(&d, "state"), 2); /* the image, and the statistics of the verdict */
    doorway_close(&d);
}

static void open__options_of_an_older_host__are_taken_as_far_as_they_go(void **state)
{
    struct doorway d;
    char config[256];
    struct gp_host host = {.size = offsetof(struct gp_host, clock), .context = &d, .log = doorway_log};
    struct gp_error error = {.size = offsetof(struct gp_error, line), .line = 77};
    (void)state;
    start(&d, broken);
    snprintf(config, sizeof config, "%s", temp_path(&d.folder, "gatepost.conf"));
    struct gp_open_options o = {.size = offsetof(struct gp_open_options, state_dir),
                                .flags = GP_NO_STATE,
                                .host = &host,
                                .config = config,
                                .state_dir = "/not/to/be/read"};
    d.api = gatepost_api(GP_API_MAJOR);
    assert_int_equal(d.api->engine_open(&o, &d.engine, &error), 0);
    assert_int_equal(error.line, 77); /* after the members that its struct has */
    assert_non_null(strstr(d.log, "fqnd"));
    d.api->engine_close(&d.engine);
    error = (struct gp_error){.size = sizeof error};
    assert_int_equal(d.api->engine_open(&o, &d.engine, &error), 0);
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 11);
    assert_string_equal(error.file, config);
    assert_string_equal(error.message, "unknown check 'fqnd'; did you mean 'fqdn'?");
    d.api->engine_close(&d.engine);
    char *long_path = malloc(5001);
    assert_non_null(long_path);
    memset(long_path, 'x', 5000);
    long_path[5000] = '\0';
    o.config = long_path;
    assert_int_equal(d.api->engine_open(&o, &d.engine, &error), -1);
    assert_null(d.engine);
    assert_non_null(strstr(error.message, "cannot find the rule file"));
    free(long_path);
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announce__every_opening__says_which_rules_are_in_force),
        cmocka_unit_test(reload__changed_rules__are_in_force_for_the_next_session),
        cmocka_unit_test(reload__without_being_asked__is_looked_for_once_a_second),
        cmocka_unit_test(reload__broken_rules__are_said_once_and_the_last_good_ones_stay),
        cmocka_unit_test(reload__more_mistakes_than_the_log_takes__still_says_what_is_in_force),
        cmocka_unit_test(reload__hostile_bytes_in_the_rule_file__are_not_logged),
        cmocka_unit_test(reload__deleted_rules__stay_in_force),
        cmocka_unit_test(reload__included_file__is_watched_too),
        cmocka_unit_test(open__no_rules__passes_or_tempfails_as_the_host_wishes),
        cmocka_unit_test(process__broken_rules__runs_the_kept_ones_and_says_so_once),
        cmocka_unit_test(process__unchanged_rules__maps_the_image),
        cmocka_unit_test(process__image_of_another_rule_file__is_not_believed),
        cmocka_unit_test(process__damaged_image__is_never_believed),
        cmocka_unit_test(tables__replaced__are_taken_up_by_new_sessions),
        cmocka_unit_test(tables__broken_replacement__keeps_the_old_one_and_says_so_once),
        cmocka_unit_test(tables__broken__new_processes_use_the_kept_copy),
        cmocka_unit_test(tables__renamed_in_the_rules__are_opened_anew),
        cmocka_unit_test(tables__not_named_and_not_there__are_no_fault),
        cmocka_unit_test(state__read_only_or_none__nothing_is_written),
        cmocka_unit_test(state__read_only__reads_what_is_there),
        cmocka_unit_test(state__missing_or_no_folder__judges_all_the_same),
        cmocka_unit_test(state__folder_of_the_rule_file__is_found_before_it_is_parsed),
        cmocka_unit_test(open__options_of_an_older_host__are_taken_as_far_as_they_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
