/* Every n-th allocation fails, alone and with all that follow: no crash, no leak, and a result that is right or
 * an error, never half of one. */
#include "tests/unit/lib/doorway.h"
#include "tests/unit/lib/every_failure.h"
#include "tests/unit/lib/memory_files.h"
#include "tests/unit/lib/rounds.h"

#include "core/rules/image.h"
#include "core/table/table.h"

/* ---- rule files ---- */

static const char rules[] =
    "own-names = mail.example.com .example.org\nown-addresses = 190.140.4.4\nown-networks = 10.0.0.0/8\n"
    "exempt-table = exempt.cdb\ntable partners = partners.cdb\nblock-reply = 554 5.7.1 Not now\n"
    "relay-pattern = envelope 3 clients 1h\nstate-dir = state\ninclude \"more.conf\"\n"
    "helo, own-name, refuse block, \"554 own\"\nhelo, \"*zombie*\", fail, \"554 zombie\"\n"
    "helo, not \"*.*\", fail, \"554 dotless\"\n"
    "mail, in(partners), skip\nmail, in(later), skip\ntable later = later.cdb\n"
    "rcpt, \"*sugar@example.com*\", close, \"554 sugar\"\n"
    "header, \"X-Mailer:*bulk*\", fail, \"554 mailer\"\nsubject, \"*viagra*\", fail, \"554 subject\"\n"
    "message-id, not msg-id, fail, \"553 id\"\nheaders, not has(Message-ID), fail, \"553 none\"\n";

static const char with_plugin[] =
    "load \"words\"\nhelo, word(\"zombie\"), log\nhelo, not word(\"zombie\"), log\nhelo, word(\"b)\"), fail\n";

static const struct memory_file more[] = {{"/etc/gatepost/more.conf", "helo, \"*other*\", fail\n"},
                                          {NULL, NULL}};

struct wanted {
    const char *text;
    struct text bytes;
};

static void load_good(void *context)
{
    const struct wanted *wanted = context;
    struct collected problems;
    allocs.armed = true;
    struct block *r = load_text(wanted->text, more, CONFIG_LINT, &problems);
    allocs.armed = false;
    if (r)
        assert_true(text_eq(block_bytes(r), wanted->bytes));
    else
        assert_true(problems.text[0] != '\0');
    block_unref(&r);
}

static void load_bad(void *context)
{
    static const char *const mistakes[] = {
        "mail, in(nowhere), skip\n", "helo, not fqnd, refuse\n",
        "include \"missing\"\n",     "load \"words\"\nhelo, word(\"a\"), log\nhelo, word(\"!\"), log\n",
        "load \"broken\"\n",         "load \"nowhere\"\n"};
    (void)context;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct collected problems;
        allocs.armed = true;
        struct block *r = load_text(mistakes[i], NULL, CONFIG_LINT, &problems);
        allocs.armed = false;
        assert_null(r);
        assert_true(problems.text[0] != '\0');
        assert_int_equal(words_alive, 0);
    }
}

static void config__out_of_memory__is_an_error_or_no_difference(void **state)
{
    static char text[20000];
    struct collected problems;
    struct writer w = writer_on(text, sizeof text);
    (void)state;
    writer_add(&w, text_z(rules));
    writer_add(&w, text_z(with_plugin));
    with_failures(load_bad, NULL);
    /* Memory comes in large pieces, so which call needs the next one depends on the calls before. */
    for (int i = 0; i < 40; i++) {
        writer_printf(&w, "table t%d = a/rather/long/path/so/that/the/memory/for/paths/is/used/up/t%d.cdb\n", i,
                      i);
        writer_printf(&w, "mail, in(t%d), skip\nmail, in(partners), log\n", i);
        writer_printf(&w, "mail, word(\"t%d\"), skip\n", i);
        if (i % 4 == 0)
            writer_add(&w, TEXT("include \"more.conf\"\n"));
        struct block *r = load_text(text, more, 0, &problems);
        assert_string_equal(problems.text, "");
        with_failures(load_good, &(struct wanted){text, block_bytes(r)});
        block_unref(&r);
    }
    assert_false(w.cut);
}

/* ---- tables ---- */

static void open_table(void *context)
{
    struct table *t = NULL;
    char reason[200];
    allocs.armed = true;
    int error = table_open(context, &t, reason, sizeof reason);
    allocs.armed = false;
    assert_int_equal(error, t ? 0 : ENOMEM);
    table_close(&t);
}

static void table__out_of_memory__is_an_error(void **state)
{
    struct doorway d;
    char path[256];
    (void)state;
    doorway_make(&d);
    doorway_table(&d, "a.cdb", "192.0.2.1 all\n");
    snprintf(path, sizeof path, "%s", temp_path(&d.folder, "a.cdb"));
    with_failures(open_table, path);
    doorway_close(&d);
}

/* ---- engines and sessions ---- */

enum { LONG = 600 };

/* "EHLO aaaa….example", longer than what a session keeps in place. */
static const char *long_line(const char *begin, const char *end)
{
    static char line[LONG + 100];
    memset(line, 'a', LONG);
    memcpy(line, begin, strlen(begin));
    strcpy(line + LONG, end); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): it fits */
    return line;
}

static int open_engine(struct doorway *d, uint32_t flags)
{
    allocs.armed = true;
    int opened = doorway_engine(d, flags);
    allocs.armed = false;
    assert_true(opened == -1 ? d->engine == NULL : d->engine != NULL);
    return opened;
}

/* Whether a clean client passes with all it has to say; it must, whatever fails. */
static void clean_session(struct doorway *d)
{
    static const char header[] = "Message-ID: <a@b.example>\r\nSubject: hello\r\nX-Mailer: some\r\n thing\r\n";
    struct gp_client c = {.size = sizeof c, .address = "203.0.113.9", .address_size = 11, .local_port = 25};
    const char *line;
    struct gp_verdict *v = &d->verdict;
    allocs.armed = true;
    if (d->api->session_open(d->engine, &c, &d->session) == 0) {
        assert_int_equal(d->api->connect(d->session, v), GP_PASS);
        line = long_line("EHLO ", ".example");
        assert_int_equal(d->api->helo(d->session, line, strlen(line), 0, v), GP_PASS);
        line = long_line("MAIL FROM:<", "@b.example>");
        assert_int_equal(d->api->mail(d->session, line, strlen(line), 0, v), GP_PASS);
        line = long_line("RCPT TO:<", "@example.com>");
        for (int i = 0; i < 3; i++)
            assert_int_equal(d->api->rcpt(d->session, line, strlen(line), 0, v), GP_PASS);
        assert_int_equal(d->api->data(d->session, v), GP_PASS);
        for (size_t i = 0; i + 1 < sizeof header; i += 5)
            d->api->header_text(d->session, header + i, sizeof header - 1 - i < 5 ? sizeof header - 1 - i : 5);
        assert_int_equal(d->api->end_of_headers(d->session, v), GP_PASS);
        assert_int_equal(d->api->end_of_message(d->session, 1, v), GP_PASS);
    }
    allocs.armed = false;
    if (d->session)
        d->api->session_close(&d->session);
}

/* A zombie: refused with REPLY, or it slips through; nothing else. True if it was refused. */
static bool zombie_session(struct doorway *d, const char *reply)
{
    struct gp_client c = {.size = sizeof c, .address = "203.0.113.9", .address_size = 11, .local_port = 25};
    int action = GP_PASS;
    allocs.armed = true;
    if (d->api->session_open(d->engine, &c, &d->session) == 0) {
        const char *line = long_line("EHLO zombie.", "");
        action = d->api->helo(d->session, line, strlen(line), 0, &d->verdict);
    }
    allocs.armed = false;
    if (action != GP_PASS)
        assert_string_equal(d->verdict.reply, reply);
    if (d->session)
        d->api->session_close(&d->session);
    return action != GP_PASS;
}

static void make_place(struct doorway *d)
{
    doorway_make(d);
    temp_text(&d->folder, "gatepost.conf", rules);
    temp_text(&d->folder, "more.conf", "helo, \"*other*\", fail\n");
    doorway_table(d, "exempt.cdb", "192.0.2.1 all\n");
    doorway_table(d, "partners.cdb", "from:@partner.example\n");
    doorway_table(d, "later.cdb", "from:@later.example\n");
}

static void open_and_judge(void *context)
{
    struct doorway *d = context;
    const uint32_t flags[] = {0, GP_NO_STATE, GP_READ_ONLY};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        d->log[0] = '\0';
        int opened = open_engine(d, flags[i]);
        if (opened == -1)
            continue;
        if (opened == 0 && (flags[i] & GP_NO_STATE))
            assert_string_not_equal(d->log, ""); /* the door is not opened silently */
        clean_session(d);
        bool refused = zombie_session(d, "554 zombie");
        assert_true(refused || allocs.failed);
        d->api->engine_close(&d->engine);
    }
}

static void engine__out_of_memory__costs_no_clean_mail(void **state)
{
    struct doorway d;
    (void)state;
    make_place(&d);
    with_failures(open_and_judge, &d); /* after the first round from the image */
    doorway_close(&d);
}

/* A reload that fails for want of memory is made up for by the next. */
static void reload_and_judge(void *context)
{
    struct doorway *d = context;
    static unsigned turn;
    const char *reply = turn++ % 2 ? "554 odd" : "554 even";
    char text[200];
    snprintf(text, sizeof text, "exempt-table = exempt.cdb\nhelo, \"*zombie*\", fail, \"%s\"\n", reply);
    temp_text(&d->folder, "gatepost.conf", text);
    const long live = allocs.live;
    doorway_table(d, "exempt.cdb", turn % 2 ? "192.0.2.1 all\n" : "192.0.2.2 all\n");
    allocs.live = live; /* it frees what the C library allocated */
    allocs.armed = true;
    d->api->engine_refresh(d->engine);
    allocs.armed = false;
    d->api->engine_refresh(d->engine);
    assert_true(zombie_session(d, reply) || allocs.failed);
    allocs.armed = false;
    bool had_failed = allocs.failed;
    allocs.failed = true;
    allocs.go_on = false;
    assert_true(zombie_session(d, reply));
    allocs.failed = had_failed;
    /* The tables too are those of now. */
    d->log[0] = '\0';
    doorway_connect(d, turn % 2 ? "192.0.2.1" : "192.0.2.2", NULL);
    assert_int_equal(doorway_helo(d, "EHLO zombie"), GP_PASS);
    doorway_connect(d, turn % 2 ? "192.0.2.2" : "192.0.2.1", NULL);
    assert_int_equal(doorway_helo(d, "EHLO zombie"), GP_FAIL);
    d->api->session_close(&d->session);
}

/* How much the engine holds depends on what it has opened: only the whole must be even. */
static void reload__out_of_memory__is_tried_again(void **state)
{
    struct doorway d;
    (void)state;
    make_place(&d);
    const long before = allocs.live;
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    for (int go_on = 0; go_on < 2; go_on++)
        for (unsigned n = 0;; n++) {
            allocs_fail_at(n + 1, go_on);
            reload_and_judge(&d);
            if (!allocs.failed)
                break;
        }
    doorway_close(&d);
    assert_int_equal(allocs.live, before);
}

/* A test that failed has left it armed. */
static int disarm(void **state)
{
    (void)state;
    allocs.armed = false;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(config__out_of_memory__is_an_error_or_no_difference, disarm),
        cmocka_unit_test_setup(table__out_of_memory__is_an_error, disarm),
        cmocka_unit_test_setup(engine__out_of_memory__costs_no_clean_mail, disarm),
        cmocka_unit_test_setup(reload__out_of_memory__is_tried_again, disarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
