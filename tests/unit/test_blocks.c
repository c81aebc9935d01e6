#include "temp_folder.h"

#include <fcntl.h>

#include "core/state/blocklist.h"
#include "tools/commands.h"

enum { NOW = 1058000000 }; /* 2003-07-12T08:53:20Z */

static struct temp_folder folder;
static char conf[100], state_dir[100], out_path[100], err_path[100];
static char out[8192], err[8192];

static void set_clock(int64_t now)
{
    char text[32];
    snprintf(text, sizeof text, "%lld\n", (long long)now);
    temp_text(&folder, "clock", text);
}

static int setup(void **state)
{
    (void)state;
    temp_make(&folder);
    snprintf(conf, sizeof conf, "%s/gatepost.conf", folder.path);
    snprintf(state_dir, sizeof state_dir, "%s/state", folder.path);
    snprintf(out_path, sizeof out_path, "%s/out", folder.path);
    snprintf(err_path, sizeof err_path, "%s/err", folder.path);
    assert_int_equal(mkdir(state_dir, 0750), 0);
    temp_text(&folder, "gatepost.conf",
              "state-dir = state\n"
              "test-clock = clock\n"
              "own-networks = 10.0.0.0/8\n"
              "block-time = 10s 2m 6h\n");
    set_clock(NOW);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_remove(&folder);
    return 0;
}

static void slurp(const char *path, char *memory, size_t cap)
{
    FILE *f = fopen(path, "rb");
    size_t n = fread(memory, 1, cap - 1, f);
    fclose(f);
    memory[n] = '\0';
}

static int redirect(int fd, const char *path)
{
    int saved = dup(fd), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(to, fd);
    close(to);
    return saved;
}

/* Runs a command, its words separated by blanks ('_' stands for a blank in a word); what it says is in `out`
 * and `err`. */
static int run(int (*command)(int argc, char **argv), const char *line)
{
    char copy[600], *argv[20] = {NULL};
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        for (char *p = word; *p; p++)
            *p = *p == '_' ? ' ' : *p;
        argv[argc++] = word;
    }
    fflush(stdout);
    fflush(stderr);
    int saved_out = redirect(1, out_path), saved_err = redirect(2, err_path);
    int status = command(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(saved_out, 1);
    dup2(saved_err, 2);
    close(saved_out);
    close(saved_err);
    slurp(out_path, out, sizeof out);
    slurp(err_path, err, sizeof err);
    return status;
}

/* `gatepost blocks VERB --config … ARGUMENTS`. */
static int blocks(const char *verb, const char *arguments)
{
    char line[600];
    snprintf(line, sizeof line, "blocks %s --config %s %.300s", verb, conf, arguments);
    return run(cmd_blocks, line);
}

static struct ip address(const char *text)
{
    struct ip ip;
    assert_true(ip_parse(text_z(text), &ip));
    return ip;
}

static struct blocklist *open_list(void)
{
    struct blocklist *list;
    char reason[300];
    assert_int_equal(blocklist_open(state_dir, 64, 32, 64, 0, &list, reason, sizeof reason), 1);
    return list;
}

/* As the engine puts it there. */
static void put(struct blocklist *list, const char *client, int64_t now, uint32_t seconds, enum block_kind kind,
                const char *cause, unsigned hits)
{
    char reason[300];
    struct ip ip = address(client);
    struct block_outcome outcome;
    struct block_request r = {.client = &ip,
                              .now = now,
                              .memory = 86400,
                              .fixed_seconds = seconds,
                              .kind = kind,
                              .cause = text_z(cause)};
    assert_int_equal(blocklist_add(list, &r, &outcome, reason, sizeof reason), 0);
    for (unsigned i = 0; i < hits; i++)
        blocklist_hit(list, &outcome.entry, now + 1);
}

/* Four clients listed, one of them for the second time; one whose time has ended. */
static void fill(void)
{
    struct blocklist *list = open_list();
    put(list, "61.77.232.38", NOW - 86400, 7 * 86400, BLOCK_RELAY, "Apparent open relay", 12);
    put(list, "203.0.113.9", NOW - 500, 60, BLOCK_RULE, "gatepost.conf:3", 0);
    put(list, "203.0.113.9", NOW - 55, 1800, BLOCK_RULE, "gatepost.conf:3", 3);
    put(list, "2001:db8:1:2:3::4", NOW - 1, 43, BLOCK_RULE, "gatepost.conf:12", 0);
    put(list, "198.51.100.7", NOW - 60, 6 * 3600, BLOCK_RULE, "", 0);
    put(list, "192.0.2.1", NOW - 100, 50, BLOCK_RULE, "gatepost.conf:3", 1);
    blocklist_close(&list);
}

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

/* The addresses that were listed, each with its first three characters. */
static const char *order_of_lines(void)
{
    static char order[200];
    struct writer w = writer_on(order, sizeof order);
    for (const char *line = strchr(out, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        writer_add(&w, w.n ? TEXT(" ") : TEXT(""));
        writer_add(&w, text_of(line + 1, 3));
    }
    return order;
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
    assert_int_equal(rmdir(state_dir), 0); /* so there is nothing in it */
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

/* What root makes belongs to the owner of the folder. */
static void blocks_add__as_root__owner_of_the_folder_can_write(void **state)
{
    (void)state;
    struct stat st;
    char path[200];
    static const char *const names[] = {"blocklist", "lock"};
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(state_dir, 65534, 65534), 0);
    assert_int_equal(blocks("add", "192.0.2.1"), STATUS_YES);
    assert_int_equal(blocks("resize", "1000"), STATUS_YES);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", state_dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 65534);
        assert_int_equal(st.st_gid, 65534);
        assert_int_equal(st.st_mode & 0600, 0600);
    }
}

static void blocks_remove__address_or_prefix__gone_at_once(void **state)
{
    (void)state;
    struct ip ip = address("203.0.113.9");
    fill();
    struct blocklist *mta = open_list();
    assert_int_equal(blocks("remove", "203.0.113.9"), STATUS_YES);
    assert_string_equal(out, "203.0.113.9 is taken off\n");
    assert_int_equal(blocklist_lookup(mta, &ip, NOW, NULL), 0);
    assert_int_equal(blocks("remove", "203.0.113.9 2001:db8:1:2::1"), STATUS_NO);
    assert_string_equal(out, "2001:db8:1:2::1 is taken off\n");
    assert_string_equal(err, "gatepost blocks remove: 203.0.113.9 is not on the list\n");
    assert_int_equal(blocks("remove", "128.0.0.0/1"), STATUS_YES);
    assert_string_equal(out, "128.0.0.0/1: 2 entries taken off\n");
    assert_int_equal(blocks("list", "--all"), STATUS_YES);
    assert_string_equal(order_of_lines(), "61.");
    blocklist_close(&mta);
}

static void blocks_clear__says_how_many(void **state)
{
    (void)state;
    fill();
    assert_int_equal(blocks("clear", ""), STATUS_YES);
    assert_string_equal(out, "4 clients taken off; 1 more forgotten, whose time had ended\n");
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

/* Makes a table of what was exported, and gives what `table dump` says. */
static const char *table_of(const char *from)
{
    char line[400];
    char exported[200];
    snprintf(exported, sizeof exported, "%s/exported", folder.path);
    assert_int_equal(rename(out_path, exported), 0);
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
    assert_string_equal(err, "gatepost blocks export: left out 1: IPv6, which a MERCURYS.ACL does not know\n");
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
    assert_string_equal(out, "8 put on the list; 1 were there for as long already\n");
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
    assert_int_equal(rename(out_path, line), 0);
    assert_int_equal(blocks("clear", ""), STATUS_YES);
    assert_int_equal(blocks("import", line), STATUS_YES);
    assert_string_equal(out, "8 put on the list; 0 were there for as long already\n");
    assert_int_equal(blocks("list", "--cause relay"), STATUS_YES);
    assert_string_equal(order_of_lines(), "192 200");
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
    snprintf(
        wanted, sizeof wanted,
        "%s:2:3: '192.0.2.0/24' is not as long as the prefixes on the list (block-prefix); ranges have their "
        "place in the block table\n    192.0.2.0/24 1h\n    ^\n"
        "%s:3:11: '30x' is no time; write it like 30m, 6h or 30d\n  192.0.2.3 30x\n            ^\n"
        "%s:4:1: 'mx.example.net' is no address\n",
        line, line, line);
    assert_memory_equal(err, wanted, strlen(wanted));
    assert_non_null(strstr(err, "in:5:11: "));
    assert_non_null(strstr(err, "in:6:11: "));
    assert_non_null(strstr(err, "\ngatepost blocks import: nothing was changed\n"));
    assert_int_equal(rmdir(state_dir), 0);
    assert_int_equal(mkdir(state_dir, 0750), 0);
    assert_int_equal(blocks("import", "/nonexistent"), STATUS_CANNOT);
    assert_non_null(strstr(err, "gatepost blocks import: /nonexistent: "));
}

static void blocks__rule_file__settings_and_where_the_list_is(void **state)
{
    (void)state;
    char line[400], other[100];
    snprintf(other, sizeof other, "%s/other", folder.path);
    assert_int_equal(mkdir(other, 0750), 0);
    snprintf(line, sizeof line, "--state-dir %s 192.0.2.1", other);
    assert_int_equal(blocks("add", line), STATUS_YES); /* settings of one, the list in the other */
    assert_string_equal(out, "192.0.2.1 is on the list for 10s, step 1\n");
    assert_int_equal(blocks("list", ""), STATUS_YES);
    assert_string_equal(order_of_lines(), "");
    /* A rule file with an error still tells where the state is. */
    temp_text(&folder, "gatepost.conf", "state-dir = other\nblock-time = 10s\nhelo, fqnd, refuse\n");
    assert_int_equal(blocks("list", "--all"), STATUS_YES);
    assert_string_equal(order_of_lines(), "192");
    assert_string_equal(err, "");
    assert_int_equal(blocks("add", "192.0.2.2"), STATUS_YES);
    assert_non_null(strstr(err,
                           "gatepost.conf:3:7: unknown check 'fqnd'; did you mean 'fqdn'?; so block-time is "
                           "30m 6h 24h\n"));
    assert_string_equal(out, "192.0.2.2 is on the list for 30m, step 1\n");
    assert_int_equal(unlink(conf), 0);
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
    assert_string_equal(err,
                        "gatepost blocks list: 1 of these refuse nobody, since block-prefix is 32 56 now\n");
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
    assert_int_equal(rmdir(state_dir), 0); /* nothing was made */
    assert_int_equal(run(cmd_blocks, "blocks --help"), STATUS_YES);
    assert_int_equal(run(cmd_blocks, "blocks list --help"), STATUS_YES);
    assert_non_null(strstr(out, "example: "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks_list__columns__are_stable),
        TEST(blocks_list__sorted_and_filtered__as_asked),
        TEST(blocks_list__no_list__is_empty_and_makes_none),
        TEST(blocks_list__other_block_prefix__is_said),
        TEST(blocks_add__repeats__climb_and_are_in_force_at_once),
        TEST(blocks_add__own_or_exempt__never),
        TEST(blocks_add__as_root__owner_of_the_folder_can_write),
        TEST(blocks_remove__address_or_prefix__gone_at_once),
        TEST(blocks_clear__says_how_many),
        TEST(blocks_resize__keeps_what_is_known),
        TEST(blocks_export__formats__table_make_reads_them_back),
        TEST(blocks_export__prefixes__as_each_format_can),
        TEST(blocks_import__lines__are_on_the_list),
        TEST(blocks_import__errors__all_told_and_nothing_changed),
        TEST(blocks__rule_file__settings_and_where_the_list_is),
        TEST(blocks__wrong_use__status_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
