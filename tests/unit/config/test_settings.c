#include "core/config/settings.h"
#include "tests/unit/lib/memory_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define CONF "/etc/gatepost/gatepost.conf"

static void settings__not_written__have_their_defaults(void **state)
{
    struct collected problems;
    struct ip ip;
    (void)state;
    struct block *r = load_text("# nothing\n", NULL, 0, &problems);
    assert_non_null(r);
    const struct settings *s = block_settings(r);
    assert_int_equal(s->own_names.n, 0);
    assert_int_equal(s->own_addresses.n, 0);
    static const char *const own[] = {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"};
    static const char *const others[] = {"126.255.255.255", "128.0.0.0", "::2", "10.0.0.1"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(ip_parse(text_z(own[i]), &ip) && block_own_network(r, &ip));
        assert_true(ip_parse(text_z(others[i]), &ip) && !block_own_network(r, &ip));
    }
    assert_true(block_submission_port(r, 465) && block_submission_port(r, 587));
    assert_false(block_submission_port(r, 25) || block_submission_port(r, 0));
    const bool anywhere = os_default_state_dir()[0] == '/';
    char state_dir[300];
    snprintf(state_dir, sizeof state_dir, "%s%s%s", anywhere ? "" : memory_path("/etc/gatepost"),
             anywhere ? "" : "/", os_default_state_dir());
    assert_true(text_eq(block_text(r, s->state_dir), text_z(state_dir)));
    assert_true(text_eq(block_text(r, s->block_reply),
                        TEXT("554 5.7.1 Connection refused because of short-term restriction")));
    assert_true(text_eq(block_text(r, s->relay_reply), TEXT("550 5.7.1 Apparent open relay")));
    assert_int_equal(block_text(r, s->test_clock).n, 0);
    assert_int_equal(s->block_time[0], 1800);
    assert_int_equal(s->block_time[1], 21600);
    assert_int_equal(s->block_time[2], 86400);
    assert_int_equal(s->block_memory, 30 * 86400);
    assert_int_equal(s->block_entries, 65536);
    assert_int_equal(s->block_prefix[0], 32);
    assert_int_equal(s->block_prefix[1], 64);
    assert_int_equal(s->relay_block, 7 * 86400);
    assert_int_equal(s->relay_patterns.n, 0);
    assert_false(s->judge_authenticated || s->block_at_mail || s->log_only || s->on_error_tempfail ||
                 s->needs_name || s->relay_log || s->recipient_delimiter[0]);
    assert_int_equal(block_table_count(r), TABLE_NAMED);
    block_unref(&r);
}

static void settings__empty_values__empty_them(void **state)
{
    struct collected problems;
    struct ip ip;
    (void)state;
    struct block *r = load_text("own-networks =\nsubmission-ports = # none\nown-names=\nexempt-table =\n"
                                "trap-table =   # none\ntest-clock =\n",
                                NULL, 0, &problems);
    assert_non_null(r);
    assert_true(ip_parse(TEXT("127.0.0.1"), &ip) && !block_own_network(r, &ip));
    assert_false(block_submission_port(r, 465));
    assert_int_equal(block_text(r, block_table(r, TABLE_EXEMPT)->path).n, 0);
    assert_int_equal(block_text(r, block_table(r, TABLE_TRAP)->path).n, 0);
    assert_true(text_eq(block_text(r, block_table(r, TABLE_BLOCK)->path),
                        text_z(memory_path("/etc/gatepost/block.cdb"))));
    block_unref(&r);
}

static void settings__form__is_free_where_nothing_is_lost(void **state)
{
    struct collected problems;
    (void)state;
    struct block *r = load_text("  MODE=log\r\n\tOn-Error\t=\ttempfail\t# tab\r\nblock-at = mail#no comment\n",
                                NULL, 0, &problems);
    assert_null(r);
    assert_string_equal(problems.text, CONF ":3:12: expected 'connect' or 'mail', not 'mail#no comment'\n");
    r = load_text("  MODE=log\r\n\tOn-Error\t=\ttempfail\t# tab\r\nblock-reply = \"450 4.7.1 Wait # here\"\n"
                  "block-prefix = 24 56\nblock-time = 1h\nrelay-block = 1w\njudge-authenticated = YES\n",
                  NULL, 0, &problems);
    assert_string_equal(problems.text, "");
    const struct settings *s = block_settings(r);
    assert_true(s->log_only && s->on_error_tempfail && s->judge_authenticated);
    assert_true(text_eq(block_text(r, s->block_reply), TEXT("450 4.7.1 Wait # here")));
    assert_int_equal(s->block_prefix[0], 24);
    assert_int_equal(s->block_prefix[1], 56);
    for (int i = 0; i < 3; i++)
        assert_int_equal(s->block_time[i], 3600);
    assert_int_equal(s->relay_block, 604800);
    block_unref(&r);
}

static void settings__relay_block__is_a_time_or_log(void **state)
{
    static const struct {
        const char *text;
        bool log_only;
        uint32_t seconds;
    } rows[] = {{"relay-block = log\n", true, 604800},
                {"relay-block = LOG # try it\n", true, 604800},
                {"relay-block = 2d\n", false, 172800}};
    struct collected problems;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct block *r = load_text(rows[i].text, NULL, 0, &problems);
        assert_non_null(r);
        assert_int_equal(block_settings(r)->relay_log, rows[i].log_only);
        assert_int_equal(block_settings(r)->relay_block, rows[i].seconds);
        block_unref(&r);
    }
}

static void settings__recipient_delimiter__is_up_to_four_bytes(void **state)
{
    static const struct {
        const char *text, *bytes;
    } rows[] = {{"recipient-delimiter = +\n", "+"},
                {"recipient-delimiter = +-  # as Postfix has it\n", "+-"},
                {"recipient-delimiter = +-=~\n", "+-=~"},
                {"recipient-delimiter =\n", ""}};
    struct collected problems;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct block *r = load_text(rows[i].text, NULL, 0, &problems);
        if (!r)
            print_error("%s", problems.text);
        assert_non_null(r);
        char bytes[RECIPIENT_DELIMITERS + 1] = {0};
        memcpy(bytes, block_settings(r)->recipient_delimiter, RECIPIENT_DELIMITERS);
        assert_string_equal(bytes, rows[i].bytes);
        block_unref(&r);
    }
}

static void settings__mistakes__point_at_their_place(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"mode =", ":1:1: 'mode' needs a value"},
        {"mode = # log", ":1:1: 'mode' needs a value"},
        {"own-networks = 10.0.0.0/8 x 10.0.0.0/33", ":1:27: 'x' is not an address or a network"},
        {"own-networks = 10.0.0.0/8 64:ff9b::/96",
         ":1:27: each address in 64:ff9b::/96 is the IPv4 address inside"},
        {"own-addresses = 10.0.0.256", ":1:17: '10.0.0.256' is not an address"},
        {"submission-ports = 0", ":1:20: '0' is not a port"},
        {"submission-ports = 465,587", ":1:20: '465,587' is not a port"},
        {"block-time = 30m soon", ":1:18: 'soon' is not a time"},
        {"block-memory = 30 d", ":1:16: '30 d' is not a time"},
        {"block-entries = 100000001", ":1:17: expected a number from 64"},
        {"block-prefix = 32", ":1:16: expected two prefix lengths"},
        {"block-prefix = 32 64 128", ":1:16: expected two prefix lengths"},
        {"block-prefix = 33 64", ":1:16: expected two prefix lengths"},
        {"relay-pattern = envelope 9 clients 1h", ":1:17: expected a number of clients"},
        {"relay-pattern = envelope 3 clients 1h 2h", ":1:17: expected a number of clients"},
        {"relay-reply = 250 fine", ":1:15: a reply begins with a code"},
        {"own-names = a.example Bücher.example BÜCHER.example",
         ":1:39: this is not the usual form of a name in another alphabet; write xn--bcher-kva.example"},
        {"own-names = bu\xcc\x88"
         "cher.example",
         ":1:13: this is not the usual form of a name in another alphabet; write xn--bcher-kva.example"},
        {"own-names = b\xfc"
         "cher.example",
         ":1:13: this name has no form in ASCII: it is not UTF-8"},
        {"own-names = \xc0\xaf.example", ":1:13: this name has no form in ASCII: it is not UTF-8"},
        {"own-names = bücher,example", ":1:13: a domain name cannot contain ','"},
        {"own-names = a.example b/example", ":1:24: a domain name cannot contain '/'"},
        {"tabel x = x.cdb", ":1:1: unknown operation 'tabel'"},
        {"table x", ":1:7: expected a name and a file"},
        {"table x =", ":1:10: the table's file name is missing"},
        {"own-name = x", ":1:1: unknown setting 'own-name'; did you mean 'own-names'?"},
        {"mercury-resolve = maybe", ":1:19: expected one of: yes no"},
        {"mercury-resolve = yes no", ":1:18: expected one of: yes no"},
        {"mercury-resolve =", ":1:18: expected one of: yes no"},
        {"mercury-fail-at = mail quit", ":1:24: expected any of these words: helo mail rcpt data message"},
        {"mercury-resolv = no", ":1:1: unknown setting 'mercury-resolv'; did you mean 'mercury-resolve'?"},
        {"recipient-delimiter = a", ":1:23: this cannot part a tag"},
        {"recipient-delimiter = + -", ":1:24: this cannot part a tag"},
        {"recipient-delimiter = @", ":1:23: this cannot part a tag"},
        {"recipient-delimiter = \"", ":1:23: this cannot part a tag"},
        {"recipient-delimiter = +-=~!", ":1:23: at most 4 characters are allowed"},
        {"relay-block = logs", ":1:15: 'logs' is not a time"},
        {"frobnicate = x", ":1:1: unknown setting 'frobnicate'; gatepost.conf(5)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        assert_null(load_text(rows[i].text, NULL, 0, &problems));
        if (strncmp(problems.text, CONF, sizeof CONF - 1) != 0 ||
            strncmp(problems.text + sizeof CONF - 1, rows[i].wanted, strlen(rows[i].wanted)) != 0)
            print_error("%s\n  wanted %s\n  got %s", rows[i].text, rows[i].wanted, problems.text);
        assert_memory_equal(problems.text + sizeof CONF - 1, rows[i].wanted, strlen(rows[i].wanted));
    }
}

static void settings__of_hosts__are_kept_in_one_form(void **state)
{
    struct collected problems;
    (void)state;
    struct block *r =
        load_text("Mercury-Fail-At =  MAIL\tdata # rest\nmercury-exempt = Compliance\n", NULL, 0, &problems);
    assert_string_equal(problems.text, "");
    const struct settings *s = block_settings(r);
    for (unsigned i = 0; i < HOST_SETTINGS; i++) {
        const char *wanted = strcmp(host_settings[i].name, "mercury-fail-at") == 0 ? "mail data"
                             : strcmp(host_settings[i].name, "mercury-exempt") == 0
                                 ? "compliance"
                                 : host_settings[i].by_default;
        assert_string_equal(block_text(r, s->host[i]).p, wanted);
    }
    block_unref(&r);
    r = load_text("mercury-fail-at =\n", NULL, 0, &problems);
    assert_string_equal(block_text(r, block_settings(r)->host[host_settings_find(TEXT("MERCURY-fail-at"))]).p,
                        "");
    block_unref(&r);
    assert_null(load_text("mercury-crlf = no\nmercury-crlf = no\n", NULL, 0, &problems));
    assert_string_equal(problems.text, CONF ":2:1: 'mercury-crlf' is already set at " CONF ":1\n");
}

/* A rule file that was right before an upgrade stays in force. */
static void settings__words_of_an_earlier_version__are_legal_with_a_warning(void **state)
{
    static const struct {
        const char *text, *name, *kept, *warning; /* NULL: none */
    } rows[] = {
        {"mercury-header = list\n", "mercury-header", "lines",
         ":1:18: warning: 'list' is a word of an earlier"},
        {"mercury-header = Both\n", "mercury-header", "lines",
         ":1:18: warning: 'Both' is a word of an earlier"},
        {"mercury-header = lines\n", "mercury-header", "lines", NULL},
        {"mercury-exempt = yes\n", "mercury-exempt", "blessed",
         ":1:18: warning: 'yes' is a word of an earlier"},
        {"mercury-exempt = compliance\n", "mercury-exempt", "compliance", NULL},
        {"mercury-exempt = no\n", "mercury-exempt", "no", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        struct block *r = load_text(rows[i].text, NULL, 0, &problems);
        if (!r)
            fail_msg("%s: %s", rows[i].text, problems.text);
        assert_string_equal(block_text(r, block_settings(r)->host[host_settings_find(text_z(rows[i].name))]).p,
                            rows[i].kept);
        if (rows[i].warning ? !strstr(problems.text, rows[i].warning) : problems.text[0] != '\0')
            fail_msg("%s: %s", rows[i].text, problems.text);
        block_unref(&r);
    }
    struct collected problems;
    assert_null(load_text("mercury-header = list lines\n", NULL, 0, &problems));
    assert_non_null(strstr(problems.text, ":1:17: expected one of: lines"));
}

/* NAME, then WORD COUNT times, with its '#' replaced by a number that counts up in hexadecimal. */
static void repeat(char *out, size_t cap, const char *name, const char *word, int count)
{
    struct writer w = writer_on(out, cap);
    writer_add(&w, text_z(name));
    for (int i = 0; i < count; i++)
        for (const char *p = word; *p; p++) {
            if (*p == '#')
                writer_printf(&w, "%x", (unsigned)i);
            else
                writer_char(&w, *p);
        }
    assert_false(w.cut);
}

static void settings__lists__have_a_limit_that_is_named(void **state)
{
    static const struct {
        const char *name, *word;
        int most;
    } rows[] = {
        {"own-names =", " a#.example", 256},
        {"own-networks =", " 2001:db8::#", 512},
        {"own-addresses =", " 2001:db8::#", 512},
        {"submission-ports =", " 587", 64},
        {"", "relay-pattern = subject 3 clients 1h\n", 16},
        {"", "table t# = x.cdb\n", TABLE_MOST - TABLE_NAMED},
    };
    static char text[20000];
    struct collected problems;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        repeat(text, sizeof text, rows[i].name, rows[i].word, rows[i].most);
        struct block *r = load_text(text, NULL, 0, &problems);
        if (!r)
            print_error("%s", problems.text);
        assert_non_null(r);
        block_unref(&r);
        repeat(text, sizeof text, rows[i].name, rows[i].word, rows[i].most + 1);
        assert_null(load_text(text, NULL, 0, &problems));
    }
}

static void settings__state_dir__only_in_the_main_file(void **state)
{
    static const struct memory_file more[] = {{"/etc/gatepost/more", "state-dir = x\n"}, {NULL, NULL}};
    struct collected problems;
    (void)state;
    assert_null(load_text("include \"more\"\n", more, 0, &problems));
    assert_string_equal(problems.text,
                        "/etc/gatepost/more:1:13: state-dir must be in the main rule file, not in "
                        "an included one\n");
}

static void settings__paths__are_relative_to_the_file_that_names_them(void **state)
{
    static const struct memory_file more[] = {
        {"/etc/gatepost/sub/more", "trap-table = t.cdb\nblock-table = ../b.cdb\nexempt-table = /x/e.cdb\n"},
        {NULL, NULL}};
    struct collected problems;
    (void)state;
    char above[200];
    snprintf(above, sizeof above, "%s/sub/../b.cdb", memory_path("/etc/gatepost"));
    struct block *r = load_text("include \"sub/more\"\n", more, 0, &problems);
    assert_non_null(r);
    assert_true(text_eq(block_text(r, block_table(r, TABLE_TRAP)->path),
                        text_z(memory_path("/etc/gatepost/sub/t.cdb"))));
    assert_true(text_eq(block_text(r, block_table(r, TABLE_BLOCK)->path), text_z(above)));
    assert_true(text_eq(block_text(r, block_table(r, TABLE_EXEMPT)->path), TEXT("/x/e.cdb")));
    block_unref(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings__not_written__have_their_defaults),
        cmocka_unit_test(settings__empty_values__empty_them),
        cmocka_unit_test(settings__form__is_free_where_nothing_is_lost),
        cmocka_unit_test(settings__relay_block__is_a_time_or_log),
        cmocka_unit_test(settings__recipient_delimiter__is_up_to_four_bytes),
        cmocka_unit_test(settings__mistakes__point_at_their_place),
        cmocka_unit_test(settings__of_hosts__are_kept_in_one_form),
        cmocka_unit_test(settings__words_of_an_earlier_version__are_legal_with_a_warning),
        cmocka_unit_test(settings__lists__have_a_limit_that_is_named),
        cmocka_unit_test(settings__state_dir__only_in_the_main_file),
        cmocka_unit_test(settings__paths__are_relative_to_the_file_that_names_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
