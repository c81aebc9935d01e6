#include "core/rules/checks.h"
#include "tests/unit/lib/memory_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define CONF "/etc/gatepost/gatepost.conf"

/* Loads TEXT, which must be without error. */
static struct block *good(const char *text)
{
    struct collected problems;
    struct block *r = load_text(text, NULL, 0, &problems);
    if (!r)
        print_error("%s", problems.text);
    assert_non_null(r);
    return r;
}

/* TEXT must be refused with exactly the problems WANTED. */
static void bad(const char *text, const char *wanted)
{
    struct collected problems;
    struct block *r = load_text(text, NULL, 0, &problems);
    assert_null(r);
    assert_string_equal(problems.text, wanted);
}

static void config__every_rule_line_of_2003_and_2007__is_accepted(void **state)
{
    (void)state;
    static const char text[] = "H, \"*mail.example.com*\", RS, \"554 Format of command not acceptable here\"\n"
                               "H, \"*190.140.4.4*\", RS, \"554 Format of command not acceptable here\".\n"
                               "H, \"*.*\" RSN, \"554 Format of HELO/EHLO greeting unacceptable.\"\n";
    static const char seeds[] = "H, \"*mail.example.com*\", RS, \"554 Format of command not acceptable here\"\n"
                                "H, \"*190.140.4.4*\", RS, \"554 Format of command not acceptable here\"\n"
                                "H, \"*.*\" RSN, \"554 Format of HELO/EHLO greeting unacceptable.\"\r\n"
                                "R, \"*sugar@example.com*\" BS, \"554 Spam is not welcome here - go away.\"\n"
                                " H, \"PC1\", X, \"sending machine known\"\n"
                                "\n# Exempt the following HELO's\n"
                                "H, \"[heHE][heHE]LO laptop01??*\", X, \"Laptop\"\n";
    struct block *r = good(seeds);
    assert_int_equal(block_rule_count(r), 6);
    static const struct {
        enum operation op;
        enum rule_action action;
        unsigned flags;
    } wanted[] = {
        {OP_HELO, ACT_REFUSE, RULE_PATTERN | RULE_BLOCK},
        {OP_HELO, ACT_REFUSE, RULE_PATTERN | RULE_BLOCK},
        {OP_HELO, ACT_REFUSE, RULE_PATTERN | RULE_BLOCK | RULE_NOT},
        {OP_RCPT, ACT_CLOSE, RULE_PATTERN | RULE_BLOCK},
        {OP_HELO, ACT_SKIP, RULE_PATTERN},
        {OP_HELO, ACT_SKIP, RULE_PATTERN},
    };
    for (uint32_t i = 0; i < 6; i++) {
        const struct rule *rule = block_rule(r, i);
        assert_int_equal(rule->operation, wanted[i].op);
        assert_int_equal(rule->action, wanted[i].action);
        assert_int_equal(rule->flags, wanted[i].flags);
    }
    block_unref(&r);
    /* A full stop follows the sentence that contains the rule's name. */
    struct block *sentence = good(text);
    assert_int_equal(block_rule_count(sentence), 3);
    block_unref(&sentence);
}

static void config__words_and_letters__mean_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *label, *one, *other;
    } rows[] = {
        {"refuse block", "helo, \"*x*\", refuse block, \"554 a\"", "H \"*x*\" RS \"554 a\""},
        {"fail not", "mail not \"*x*\" fail \"554 a\"", "M, \"*x*\", F-N, \"554 a\""},
        {"close", "rcpt, \"*x*\", close", "R,\"*x*\",B"},
        {"drop block not", "helo-deferred, not \"*x*\", drop block", "D, \"*x*\" DSN"},
        {"log", "subject, \"*x*\", log, \"seen\"", "s, \"*x*\", l, \"seen\""},
        {"exempt", "helo, \"*x*\", exempt", "H, \"*x*\", S"},
        {"mixed", "H, not \"*x*\", refuse block", "helo, \"*x*\", RSN"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct block *a = good(rows[i].one), *b = good(rows[i].other);
        const struct rule *x = block_rule(a, 0), *y = block_rule(b, 0);
        assert_int_equal(x->operation, y->operation);
        assert_int_equal(x->action, y->action);
        assert_int_equal(x->flags, y->flags);
        struct text p = block_reply(a, x), q = block_reply(b, y);
        assert_true(text_eq(p, q));
        block_unref(&a);
        block_unref(&b);
    }
}

static void config__five_mistakes__are_all_reported_with_their_places(void **state)
{
    (void)state;
    bad("helo, not fqnd, refuse\n"
        "rcpt, \"*sugar@example.com, close\n"
        "helo, \"*x*\", RN, \"554 no\"\n"
        "mdoe = log\n"
        "mail, own-sender, fail, \"254 welcome\"\n",
        CONF ":1:11: unknown check 'fqnd'; did you mean 'fqdn'?\n" CONF
             ":2:7: this quote is never closed; end the text with '\"'\n" CONF
             ":3:14: 'RN' has no documented meaning; write R-N\n" CONF
             ":4:1: unknown setting 'mdoe'; did you mean 'mode'?\n" CONF
             ":5:26: a reply begins with a code from 400 to 599 and a blank, like \"554 Go away\"\n");
}

/* TEXT as it reads here: ROOT is what the system puts before a path from the root, .SO what its plugins end in.
 */
static void as_here(const char *text, char *out, size_t cap)
{
    struct writer w = writer_on(out, cap);
    const char *root = memory_path("/x");
    while (*text)
        if (strncmp(text, "ROOT", 4) == 0) {
            writer_add(&w, (struct text){root, strlen(root) - 2});
            text += 4;
        } else if (strncmp(text, ".SO", 3) == 0) {
            writer_add(&w, text_z(os_plugin_suffix));
            text += 3;
        } else {
            writer_char(&w, *text++);
        }
}

static void config__mistakes__are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"hello, fqdn, refuse", ":1:1: unknown operation 'hello'; did you mean 'helo'?"},
        {"connect, fqdn, refuse",
         ":1:10: 'fqdn' cannot be used at connect; it can be used at helo, helo-deferred"},
        {"rcpt, msg-id, refuse", ":1:7: 'msg-id' cannot be used at rcpt; it can be used at message-id"},
        {"helo, trap, hold", ":1:7: 'trap' cannot be used at helo; it can be used at rcpt, header"},
        {"helo, fqdn, hold", ":1:13: 'hold' takes a recipient"},
        {"rcpt, trap, hold, \"go away\"", ":1:20: a reply begins with a code"},
        {"rcpt, trap, and fqdn, fail", ":1:13: no comma comes before 'and'"},
        {"rcpt, \"*a*\" and \"*b*\", fail", ":1:17: a rule has one pattern at most"},
        {"rcpt, trap and, fail", ":1:15: expected a test"},
        {"rcpt, trap and not fqdm, fail", ":1:20: unknown check 'fqdm'; did you mean 'fqdn'?"},
        {"helo, fqdn and own-name, R-N", ":1:26: N negates the one test of a rule"},
        {"rcpt, trap and trap and trap and trap and trap and trap and trap and trap and trap, fail",
         ":1:75: a rule has 8 tests at most"},
        {"helo, helo-has-address(dash), fail", ":1:24: the spellings of an address are dashed"},
        {"table t = t.cdb\nheaders, in(t), fail", ":2:13: say which fact to look up"},
        {"table t = t.cdb\nhelo, in(t, from), fail", ":2:10: this fact is not known yet"},
        {"table t = t.cdb\nheaders, in(t, to), fail", ":2:13: a message has several recipients"},
        {"table t = t.cdb\nmail, in(t, sender), fail", ":2:10: after the name of the table comes client"},
        {"headers, \"*x*\", fail", ":1:10: 'headers' has no text to match"},
        {"headers, has, fail", ":1:10: 'has' needs an argument in parentheses: has(Message-ID)"},
        {"headers, has(a b), fail", ":1:14: this is not the name of a header field"},
        {"helo, fqdn(x), fail", ":1:11: 'fqdn' takes no argument"},
        {"message-id, msg-id(loose), fail", ":1:20: the kinds of msg-id are"},
        {"helo, fqdn, skip block", ":1:13: 'skip' lets the client through"},
        {"helo, fqdn, SS", ":1:13: 'exempt' lets the client through"},
        {"helo, fqdn, refuse block(24)", ":1:25: expected a time in the parentheses"},
        {"helo, fqdn, RS block", ":1:16: S and 'block' mean the same"},
        {"helo, not fqdn, R-N", ":1:17: both 'not' and N negate the test"},
        {"rcpt, trap, block", ":1:13: 'block' must follow an action"},
        {"rcpt, trap, close bounces", ":1:19: 'bounces' must follow 'block', as in: close block(24h) bounces"},
        {"rcpt, trap, BS bounces",
         ":1:16: 'bounces' must follow 'block', as in: close block(24h) bounces; Mercury"},
        {"rcpt, trap, close bounces block", ":1:19: 'bounces' must follow"},
        {"rcpt, trap, close block bounces bounces", ":1:33: nothing more is expected here"},
        {"rcpt, trap, skip block bounces", ":1:13: 'skip' lets the client through"},
        {"helo, fqdn, refsue", ":1:13: unknown action 'refsue'; did you mean 'refuse'?"},
        {"helo, fqdn, refuse, 554 a", ":1:21: nothing more is expected here"},
        {"helo, \"[a-\", refuse", ":1:8: "},
        {"rcpt, in(partners), skip", ":1:10: there is no table 'partners'"},
        {"mode = enforec", ":1:8: expected 'enforce' or 'log'"},
        {"mode = log\nmode = log", ":2:1: 'mode' is already set at " CONF ":1"},
        {"own-networks = 10.0.0.1/8", ":1:16: '10.0.0.1/8' has bits set after its prefix length"},
        {"own-addresses = 10.0.0.0/8", ":1:17: '10.0.0.0/8' is a network"},
        {"own-names = a.example,b.example", ":1:22: a domain name cannot contain ','"},
        {"submission-ports = 70000", ":1:20: '70000' is not a port"},
        {"block-time = 30", ":1:14: '30' is not a time"},
        {"block-time = 1s 2s 3s 4s", ":1:23: at most three times are allowed"},
        {"block-memory = x", ":1:16: 'x' is not a time"},
        {"block-entries = 3", ":1:17: expected a number from 64"},
        {"block-prefix = 0 64", ":1:16: expected two prefix lengths"},
        {"block-reply = go away", ":1:15: a reply begins with a code"},
        {"relay-pattern = envelope 1 clients 1h", ":1:17: expected a number of clients"},
        {"relay-pattern = body 3 clients 1h", ":1:17: expected 'envelope' or 'subject'"},
        {"table = x.cdb", ":1:7: expected a name and a file"},
        {"table x = x.cdb\ntable x = y.cdb", ":2:7: a table 'x' is already defined"},
        {"state-dir =", ":1:1: 'state-dir' needs a value"},
        {"include \"missing\"", ":1:9: cannot read /etc/gatepost/missing: "},
        {"include missing", ":1:9: expected a file in double quotes"},
        {"include \"gatepost.conf\"", ":1:9: this file includes itself"},
        {"load checks/regex", ":1:6: expected a file in double quotes, as in: load \"checks/regex\""},
        {"load \"\"", ":1:6: the file name is missing"},
        {"load \"x\" y", ":1:10: nothing more is expected here"},
        {"load \"checks/regex.SO\"", ":1:19: leave '.SO' out"},
        {"load \"nix/x\"", ":1:6: cannot load nix/x: neither ROOT/etc/gatepost/nix/x.SO nor "},
        {"load \"/nix/x\"", ":1:6: cannot load /nix/x: /nix/x.SO does not exist"},
        {"helo, regex(\"a\"), log",
         ":1:7: unknown check 'regex'; it is in a plugin; put this line before the rule: load "
         "\"checks/regex\""},
        {"load \"broken\"", ":1:6: cannot load ROOT/etc/gatepost/broken.SO: no good"},
        {"load \"words\"\nload \"words\"\nload \"again\"",
         ":3:6: cannot load ROOT/etc/gatepost/again.SO: the name of its check 'word' is already in use"},
        {"load \"words\"\nhelo, wrod(\"a\"), log", ":2:7: unknown check 'wrod'; did you mean 'word'?"},
        {"load \"words\"\nhelo, word, log", ":2:7: word takes one short word; it is written word("},
        {"load \"words\"\nhelo, word(, log", ":2:11: this parenthesis is never closed"},
        {"load \"words\"\nhelo, word(  \"ab!\" ), log", ":2:17: '!' stands in no word"},
        {"load \"words\"\nhelo, word(\"a\", \"b\"), log", ":2:18: word takes one short word"},
        {"load \"words\"\nheaders, word(\"a\"), log",
         ":2:10: 'word' cannot be used at headers; it can be used at connect, helo, "},
        {"load \"words\"\nhelo, from-203, log",
         ":2:7: 'from-203' cannot be used at helo; it can be used at connect"},
        {"!", ":1:1: expected an operation"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        char text[200], wanted[400];
        as_here(rows[i].text, text, sizeof text);
        as_here(rows[i].wanted, wanted, sizeof wanted);
        assert_null(load_text(text, NULL, 0, &problems));
        if (strncmp(problems.text, CONF, sizeof CONF - 1) != 0 ||
            strncmp(problems.text + sizeof CONF - 1, wanted, strlen(wanted)) != 0)
            print_error("%s\n  wanted %s\n  got %s", text, wanted, problems.text);
        assert_memory_equal(problems.text + sizeof CONF - 1, wanted, strlen(wanted));
    }
}

static void config__checks_of_plugins__are_rules_like_others(void **state)
{
    struct collected problems;
    char path[200];
    (void)state;
    struct block *r = load_text("helo, \"a\", log\nload \"words\" # more\nh word(\"a)b\") RSN \"554 x)\"\n"
                                "CONNECT, From-203(), close block(24h)\nload \"words\"\n",
                                NULL, CONFIG_LINT, &problems);
    assert_non_null(r);
    assert_int_equal(block_rule_count(r), 3);
    const struct rule *rule = block_rule(r, 1);
    assert_int_equal(rule->flags, RULE_PLUGIN | RULE_NOT | RULE_BLOCK);
    assert_string_equal(block_source(r, rule).p, "word(\"a)b\")");
    assert_string_equal(block_reply(r, rule).p, "554 x)");
    assert_string_equal(block_text(r, block_check(r, 0)->args).p, "\"a)b\"");
    as_here("ROOT/etc/gatepost/words.SO", path, sizeof path);
    assert_string_equal(block_plugin(r, 0).p, path);
    assert_int_equal(block_plugin(r, 1).n, 0);
    /* A file that the rules were made from. */
    assert_string_equal(block_text(r, block_file(r, 1)->path).p, path);
    block_unref(&r);
    assert_int_equal(words_alive, 0);
}

static void config__a_plugin_that_does_not_load__is_one_mistake_whatever_asks_it(void **state)
{
    struct collected problems;
    char wanted[400];
    (void)state;
    assert_null(
        load_text("load \"broken\"\nhelo, zombies(\"a\"), log\nhelo, regex(\"a\"), log\nhelo, not fqnd, log\n",
                  NULL, 0, &problems));
    as_here(CONF ":1:6: cannot load ROOT/etc/gatepost/broken.SO: no good\n" CONF
                 ":4:11: unknown check 'fqnd'; did you mean 'fqdn'?\n",
            wanted, sizeof wanted);
    assert_string_equal(problems.text, wanted);
}

static void config__the_same_check_twice__is_never_reached_the_second_time(void **state)
{
    struct collected problems;
    (void)state;
    struct block *r = load_text("load \"words\"\nhelo, word(\"a\"), fail\nhelo, word(\"b\"), fail\n"
                                "helo, word(\"a\"), close\n",
                                NULL, CONFIG_LINT, &problems);
    assert_string_equal(problems.text,
                        CONF ":4:7: warning: this rule is never reached: gatepost.conf:2 decides "
                             "before it\n");
    block_unref(&r);
}

static void config__missing_file__is_an_error(void **state)
{
    struct memory_file none[] = {{NULL, NULL}};
    struct config_reader reader = {.context = none, .read = memory_read};
    struct report report = {0};
    struct watch_list watch;
    (void)state;
    assert_null(config_load("/nowhere/gatepost.conf", &reader, 0, &report, &watch, NULL));
    assert_int_equal(report.errors, 1);
    assert_int_equal(watch.count, 1);
    assert_string_equal(watch.items[0].path, memory_path("/nowhere/gatepost.conf"));
    watch_list_fini(&watch);
}

static void config__include__takes_an_old_filter_file_as_it_is(void **state)
{
    static const struct memory_file more[] = {
        {"/etc/gatepost/mercury/TRANSFLT.MER", "# vendor's\r\nH, \"*x*\", R, \"554 a\"\r\n"}, {NULL, NULL}};
    struct collected problems;
    char cause[64];
    struct writer w = writer_on(cause, sizeof cause);
    (void)state;
    struct block *r = load_text("include \"mercury/TRANSFLT.MER\"\nhelo, fqdn, skip\n", more, 0, &problems);
    assert_non_null(r);
    assert_int_equal(block_rule_count(r), 2);
    block_cause(r, block_rule(r, 0), &w);
    assert_string_equal(cause, "mercury/TRANSFLT.MER:2");
    w = writer_on(cause, sizeof cause);
    block_cause(r, block_rule(r, 1), &w);
    assert_string_equal(cause, "gatepost.conf:2");
    block_unref(&r);
}

static void config__settings__have_their_values(void **state)
{
    (void)state;
    struct block *r = good("own-names = mail.example.com .example.org   # ours\n"
                           "own-addresses = 190.140.4.4 2001:db8::1\n"
                           "own-networks = 10.0.0.0/8\n"
                           "block-time = 2s 6s\n"
                           "block-reply = 554 5.7.1 Not now # really\n"
                           "block-at = mail\nmode = log\non-error = tempfail\n"
                           "exempt-table = sub/exempt.cdb\nblock-table =\n"
                           "relay-pattern = envelope 3 clients 1h\nrelay-pattern = subject 4 clients 2h\n"
                           "state-dir = state\n");
    const struct settings *s = block_settings(r);
    struct ip ip;
    assert_true(block_own_name(r, TEXT("MAIL.example.com")));
    assert_true(block_own_name(r, TEXT("a.b.example.org")));
    assert_true(block_own_name(r, TEXT("example.org.")));
    assert_false(block_own_name(r, TEXT("x.mail.example.com")));
    assert_true(ip_parse(TEXT("2001:db8::1"), &ip) && block_own_address(r, &ip));
    assert_true(ip_parse(TEXT("10.9.8.7"), &ip) && block_own_network(r, &ip));
    assert_true(ip_parse(TEXT("127.0.0.1"), &ip) && !block_own_network(r, &ip));
    assert_int_equal(s->block_time[0], 2);
    assert_int_equal(s->block_time[1], 6);
    assert_int_equal(s->block_time[2], 6);
    assert_true(text_eq(block_text(r, s->block_reply), TEXT("554 5.7.1 Not now # really")));
    assert_true(s->block_at_mail && s->log_only && s->on_error_tempfail && !s->judge_authenticated);
    assert_true(text_eq(block_text(r, block_table(r, TABLE_EXEMPT)->path),
                        text_z(memory_path("/etc/gatepost/sub/exempt.cdb"))));
    assert_int_equal(block_table(r, TABLE_EXEMPT)->optional, 0);
    assert_int_equal(block_text(r, block_table(r, TABLE_BLOCK)->path).n, 0);
    assert_true(text_eq(block_text(r, block_table(r, TABLE_TRAP)->path),
                        text_z(memory_path("/etc/gatepost/traps.cdb"))));
    assert_int_equal(block_table(r, TABLE_TRAP)->optional, 1);
    assert_int_equal(s->relay_patterns.n, 2);
    assert_true(text_eq(block_text(r, s->state_dir), text_z(memory_path("/etc/gatepost/state"))));
    assert_true(block_submission_port(r, 587) && !block_submission_port(r, 25));
    block_unref(&r);
}

static void config__what_is_surely_not_meant__is_warned_about(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"helo, fqdn, refuse, \"554 a\" b", ":1:29: warning: text after the reply is ignored"},
        {"H, \"PC1\", X", "must match the whole command"},
        {"H, \"mail.example.com*\", R", "it never matches"},
        {"H, \"PC1\", R-N", "every client triggers it"},
        {"H, \"EHLO *\", R", "depends on whether the client says HELO or EHLO"},
        {"H, \"*\", R\nH, \"*x*\", F", "this rule is never reached: gatepost.conf:1 decides before it"},
        {"helo, not fqdn, fail\nhelo, not fqdn, refuse", ":2:11: warning: this rule is never reached"},
        {"R, \"*example.com*\", B\nR, \"*sugar@example.com*\", BS",
         ":2:4: warning: this rule is never reached"},
        {"R, \"*sugar@example.com*\", BS, \"554 sugar@example.com is no address\"",
         "is a trap; choose another text"},
        {"rcpt, trap, close block, \"554 You stepped into a honeypot\"", "is a trap; choose another text"},
        {"headers, not has(Message-ID), fail block", "puts honest clients on the blocklist"},
        {"headers, not has(Message-ID), refuse", "so they bounce"},
        {"S, \"*x*\", R", "so they bounce"},
        {"helo, \"+x*\", log", "'+' repeats the item before it"},
        {"helo, \"*/q*\", log", "this '/' has no special meaning"},
        {"test-clock = now", "test-clock is for tests"},
        {"header, \"*http://www*\", log", ":1:17: warning: '/w' has a meaning of its own"},
        {"header, \"*/xfree!*\", log", "this can never match"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        struct block *r = load_text(rows[i].text, NULL, CONFIG_LINT, &problems);
        assert_non_null(r);
        if (!strstr(problems.text, rows[i].wanted))
            print_error("%s\n  wanted %s\n  got %s", rows[i].text, rows[i].wanted, problems.text);
        assert_non_null(strstr(problems.text, rows[i].wanted));
        block_unref(&r);
    }
}

static void config__what_is_meant__is_not_warned_about(void **state)
{
    struct collected problems;
    (void)state;
    struct block *r = load_text(
        "H, \"[heHE][heHE]LO laptop01??*\", X, \"Laptop\"\n"
        "H, \"*mail.example.com*\", RS, \"554 Format of command not acceptable here\"\n"
        "H, \"*.*\" RSN, \"554 Format of HELO/EHLO greeting unacceptable.\"\n"
        "rcpt, \"*sugar@example.com*\" close block bounces, \"554 Spam is not welcome here - go away.\"\n"
        "helo, own-name, log\nhelo, own-name, refuse block\n"
        "headers, not has(Message-ID), fail, \"553 no\"\n",
        NULL, CONFIG_LINT, &problems);
    assert_non_null(r);
    assert_string_equal(problems.text, "");
    block_unref(&r);
}

/* One file, NUL bytes included. */
static int read_bytes(void *context, const char *path, char **bytes, size_t *size, struct file_id *id)
{
    const struct text *file = context;
    (void)path;
    *bytes = malloc(file->n + 1);
    if (!*bytes)
        return ENOMEM;
    memcpy(*bytes, file->p, file->n);
    *size = file->n;
    *id = (struct file_id){.inode = 1, .size = file->n};
    return 0;
}

static struct block *load_bytes(const char *bytes, size_t size, struct collected *problems)
{
    struct text file = text_of(bytes, size);
    struct config_reader reader = {.context = &file, .read = read_bytes};
    struct report report = {.context = problems, .problem = collect};
    problems->w = writer_on(problems->text, sizeof problems->text);
    return config_load(CONF, &reader, 0, &report, NULL, NULL);
}

/* Files as Windows users write them. */
static void file__as_windows_editors_leave_it__is_read_or_named(void **state)
{
    static const struct {
        const char *label, *text;
        size_t size;
        const char *problem; /* NULL: none, and one rule */
    } rows[] = {
        {"a mark of UTF-8", "\xef\xbb\xbfhelo, fqdn, skip\r\n", 0, NULL},
        {"a final Ctrl-Z", "helo, fqdn, skip\r\n\x1a", 0, NULL},
        {"a Ctrl-Z behind the last line", "helo, fqdn, skip\x1a", 0, NULL},
        {"a block of them", "helo, fqdn, skip\r\n\x1a\x1a\x1a\x1a", 0, NULL},
        {"a Ctrl-Z within", "helo, fqdn, skip\r\n\x1a\r\nhelo, fqdn, skip\r\n", 0, CONF ":2:1: "},
        {"UTF-16, little end first", "\xff\xfeh\0e\0l\0o\0", 10,
         CONF ":1:1: this file is UTF-16; save it as ANSI or UTF-8\n"},
        {"UTF-16, big end first", "\xfe\xff\0h\0e\0l\0o", 10,
         CONF ":1:1: this file is UTF-16; save it as ANSI or UTF-8\n"},
        {"UTF-16 without a mark", "h\0e\0l\0o\0", 8,
         CONF ":1:1: this file is UTF-16; save it as ANSI or UTF-8\n"},
        {"a NUL later", "helo, fqdn, skip\n\0\n", 19, CONF ":2:1: a rule file cannot contain a NUL byte\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        struct block *r =
            load_bytes(rows[i].text, rows[i].size ? rows[i].size : strlen(rows[i].text), &problems);
        if ((r != NULL) != (rows[i].problem == NULL) || (r && block_rule_count(r) != 1) ||
            (rows[i].problem && strncmp(problems.text, rows[i].problem, strlen(rows[i].problem)) != 0))
            fail_msg("%s: %s", rows[i].label, problems.text);
        block_unref(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config__every_rule_line_of_2003_and_2007__is_accepted),
        cmocka_unit_test(config__words_and_letters__mean_the_same),
        cmocka_unit_test(config__five_mistakes__are_all_reported_with_their_places),
        cmocka_unit_test(config__mistakes__are_named),
        cmocka_unit_test(config__checks_of_plugins__are_rules_like_others),
        cmocka_unit_test(config__a_plugin_that_does_not_load__is_one_mistake_whatever_asks_it),
        cmocka_unit_test(config__the_same_check_twice__is_never_reached_the_second_time),
        cmocka_unit_test(config__missing_file__is_an_error),
        cmocka_unit_test(config__include__takes_an_old_filter_file_as_it_is),
        cmocka_unit_test(config__settings__have_their_values),
        cmocka_unit_test(config__what_is_surely_not_meant__is_warned_about),
        cmocka_unit_test(file__as_windows_editors_leave_it__is_read_or_named),
        cmocka_unit_test(config__what_is_meant__is_not_warned_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
