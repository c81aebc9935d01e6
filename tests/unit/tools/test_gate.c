/*
 * What others wrote, through every format that the command prints: no byte that a terminal obeys, no end of a line that
 * the command did not write itself.
 */
#include "tests/unit/lib/command_helper.h"

#include "tools/lib/output.h"
#include "tools/tables/table_writer.h"

/* What a terminal, a reader of lines or a person is deceived with. */
static const struct text hostile[] = {
    {"\x1b[2J\x1b]0;x\x07", 11},      /* clears the screen, sets the title */
    {"x\nConnect:192.0.2.9\tOK", 22}, /* a line of an access file */
    {"x\r\n4 192.0.2.9", 14},         /* a line of a MERCURYS.ACL */
    {"\x9b"
     "31m",
     4}, /* CSI as a bare byte */
    {"\xC2\x9B"
     "31m",
     5},                         /* and in UTF-8 */
    {"\xE2\x80\xAEgpj.exe", 10}, /* right to left */
    {"a\xE2\x80\xA8"
     "b",
     5}, /* a line separator */
    {"\xC2\x85"
     "next",
     6},                             /* NEL */
    {"\"\\x", 3},                    /* quotes */
    {"\xED\xA0\x80\xFF\xC0\xAF", 6}, /* no UTF-8 */
    {"\xF3\xA0\x81\x81", 4},         /* a tag that is not seen */
};

enum { HOSTILE = sizeof hostile / sizeof *hostile, TWICE = 2 * HOSTILE };

/* Every line of `out` and `err` is safe. Returns how many lines `out` has. */
static size_t check_output(const char *what)
{
    size_t lines = 0;
    const char *const both[] = {out, err};
    for (size_t i = 0; i < 2; i++)
        for (struct text rest = text_z(both[i]); rest.n;) {
            struct text line = text_of(rest.p, text_find(rest, 0, '\n'));
            char plain[2000];
            struct writer w = writer_on(plain, sizeof plain);
            for (size_t k = 0; k < line.n; k++) /* tabs part the columns */
                writer_char(&w, line.p[k] == '\t' ? ' ' : line.p[k]);
            if (!output_is_safe(writer_text(&w)))
                fail_msg("%s: %s", what, plain);
            rest = text_skip(rest, line.n + 1);
            lines += i == 0;
        }
    return lines;
}

static void blocks__causes_of_others__are_safe_in_every_format(void **state)
{
    (void)state;
    struct blocklist *list = open_list();
    for (unsigned i = 0; i < HOSTILE; i++) {
        char client[40];
        char reason[300];
        struct block_outcome outcome;
        snprintf(client, sizeof client, "192.0.2.%u", i + 1);
        struct ip ip = address(client);
        struct block_request r = {.client = &ip,
                                  .now = NOW,
                                  .memory = 86400,
                                  .fixed_seconds = 86400,
                                  .kind = BLOCK_RULE,
                                  .cause = hostile[i]};
        assert_int_equal(blocklist_add(list, &r, &outcome, reason, sizeof reason), 0);
    }
    blocklist_close(&list);
    static const struct {
        const char *verb, *arguments;
        size_t lines;
    } cases[] = {
        {"list", "", HOSTILE + 1},
        {"list", "--json", HOSTILE},
        {"list", "--sort cause", HOSTILE + 1},
        {"export", "--format block-table", TWICE},
        {"export", "--format access", TWICE},
        {"export", "--format mercury-acl", HOSTILE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(blocks(cases[i].verb, cases[i].arguments), STATUS_YES);
        assert_int_equal(check_output(cases[i].arguments), cases[i].lines);
    }
}

static void table__records_of_others__are_safe_and_no_lines_of_their_own(void **state)
{
    (void)state;
    char path[200], line[400];
    struct table_writer *w;
    unsigned first;
    bool same;
    snprintf(path, sizeof path, "%s/t.cdb", folder.path);
    assert_int_equal(table_writer_new(path, &w), 0);
    assert_int_equal(table_writer_add(w, TEXT("client:192.0.2.1"),
                                      TEXT("550 b\xFC"
                                           "cher"),
                                      1, &first, &same),
                     0);
    for (unsigned i = 0; i < HOSTILE; i++) {
        char key[60];
        int n = snprintf(key, sizeof key, "to:%.*s@x.example", (int)hostile[i].n, hostile[i].p);
        assert_int_equal(table_writer_add(w, text_of(key, (size_t)n), TEXT("all"), 2, &first, &same), 0);
        n = snprintf(key, sizeof key, "client:192.0.3.%u", i);
        assert_int_equal(table_writer_add(w, text_of(key, (size_t)n), hostile[i], 2, &first, &same), 0);
    }
    assert_int_equal(table_writer_finish(&w), 0);
    snprintf(line, sizeof line, "table dump %s", path);
    assert_int_equal(run(cmd_table, line), STATUS_NO);
    /* Bytes of another character set are a line as they are; what cannot be one is a comment. */
    assert_non_null(strstr(out, "192.0.2.1\t550 b\xFC"
                                "cher\n"));
    char *latin = strstr(out, "b\xFC");
    latin[1] = 'u';
    assert_int_equal(check_output("dump"), TWICE + 1);
    assert_null(strstr(out, "\nConnect:"));
    snprintf(line, sizeof line, "table dump --json %s", path);
    assert_int_equal(run(cmd_table, line), STATUS_YES);
    assert_int_equal(check_output("dump --json"), TWICE + 1);
    for (unsigned i = 0; i < HOSTILE; i++) {
        snprintf(line, sizeof line, "table get %s 192.0.3.%u", path, i);
        assert_int_equal(run(cmd_table, line), STATUS_YES);
        assert_int_equal(check_output("get"), 1);
    }
}

/* A rule file and its mistakes, a dialogue and its lines, under names that are hostile themselves. */
static void commands__files_of_others__are_safe_in_messages(void **state)
{
    (void)state;
    static const char *const names[] = {"a\x1b[2J.x", "b\xC2\x9B.x", "c\xE2\x80\xAE.x"};
    /* In the arguments % is replaced by the rule file, & by a dialogue. */
    static const struct {
        int (*run)(int argc, char **argv);
        const char *line;
    } commands[] = {
        {cmd_check, "check %"},
        {cmd_check, "check --json %"},
        {cmd_stats, "stats --config %"},
        {cmd_stats, "stats --json --config %"},
        {cmd_stats, "stats --prometheus --config %"},
        {cmd_replay, "replay --config % &"},
        {cmd_replay, "replay --verdicts --config % &"},
        {cmd_replay, "replay --summary --config % &"},
        {cmd_replay, "replay --trace --config % &"},
        {cmd_replay, "replay --json --verdicts --config % &"},
        {cmd_replay, "replay %"},
        {cmd_transcript, "transcript %/none"},
        {cmd_analyze, "analyze %/none"},
        {cmd_blocks, "blocks list --config %/none"},
        {cmd_blocks, "blocks import --config % %"},
        {cmd_table, "table dump %"},
        {cmd_table, "table make % %/none"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        temp_text(
            &folder, names[i],
            "state-dir = state\nhelo, \"*\x1b[2J*\", refuse, \"554 \xE2\x80\xAE no\"\nrcpt, trap\x1b[2J\n");
        char path[200], dialogue[200];
        snprintf(path, sizeof path, "%s/%s", folder.path, names[i]);
        temp_text(&folder, "good.conf", "state-dir = state\nhelo, \"*\x1b[2J*\", refuse, \"554 no\xC2\x9B\"\n");
        temp_text(&folder, "d.smtp",
                  "connect 192.0.2.1 x\x1b[2J\nC: EHLO a\x1b[2J\xE2\x80\xAE\nS: 250\nC: MAIL "
                  "FROM:<\xC2\x9B@x>\nS: 250 \x1b[2J\n");
        snprintf(dialogue, sizeof dialogue, "%s/d.smtp", folder.path);
        for (size_t k = 0; k < sizeof commands / sizeof *commands; k++)
            for (unsigned good = 0; good < 2; good++) {
                char line[600], good_path[200];
                snprintf(good_path, sizeof good_path, "%s/good.conf", folder.path);
                struct writer w = writer_on(line, sizeof line);
                for (const char *p = commands[k].line; *p; p++)
                    writer_add(&w, *p == '%'   ? text_z(good ? good_path : path)
                                   : *p == '&' ? text_z(dialogue)
                                               : text_of(p, 1));
                (void)run(commands[k].run, line);
                check_output(commands[k].line);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks__causes_of_others__are_safe_in_every_format),
        TEST(table__records_of_others__are_safe_and_no_lines_of_their_own),
        TEST(commands__files_of_others__are_safe_in_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
