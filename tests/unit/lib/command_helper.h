/*
 * command_helper.h - runs subcommands in a folder of the test's own, with a rule file, a clock and a state
 * directory.
 */
#ifndef GATEPOST_TEST_COMMAND_HELPER_H
#define GATEPOST_TEST_COMMAND_HELPER_H

#include "temp_folder.h"

#include "core/base/writer.h"
#include "core/state/blocklist.h"
#include "tools/commands.h"

enum { NOW = 1058000000 }; /* 2003-07-12T08:53:20Z */

static struct temp_folder folder;
static char conf[120], state_dir[120], out_path[120], err_path[120];
static char out[8192], err[8192];

static inline void set_clock(int64_t now)
{
    char text[32];
    snprintf(text, sizeof text, "%lld\n", (long long)now);
    temp_text(&folder, "clock", text);
}

static inline int setup(void **state)
{
    (void)state;
    temp_make(&folder);
    snprintf(conf, sizeof conf, "%s/gatepost.conf", folder.path);
    snprintf(state_dir, sizeof state_dir, "%s/state", folder.path);
    snprintf(out_path, sizeof out_path, "%s/out", folder.path);
    snprintf(err_path, sizeof err_path, "%s/err", folder.path);
    folder_make(state_dir);
    temp_text(&folder, "gatepost.conf",
              "state-dir = state\n"
              "test-clock = clock\n"
              "own-networks = 10.0.0.0/8\n"
              "block-time = 10s 2m 6h\n");
    set_clock(NOW);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    temp_remove(&folder);
    return 0;
}

static inline void slurp(const char *path, char *memory, size_t cap)
{
    FILE *f = fopen(path, "rb");
    size_t n = fread(memory, 1, cap - 1, f);
    fclose(f);
    memory[n] = '\0';
}

/* Runs a command, its words separated by blanks ('_' stands for a blank in a word); what it says is in `out`
 * and `err`. */
static inline int run(int (*command)(int argc, char **argv), const char *line)
{
    char copy[600], *argv[20] = {NULL};
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        for (char *p = word; *p; p++)
            *p = *p == '_' ? ' ' : *p;
        argv[argc++] = word;
    }
    int saved_out = output_to(1, out_path), saved_err = output_to(2, err_path);
    int status = command(argc, argv);
    output_back(1, saved_out);
    output_back(2, saved_err);
    slurp(out_path, out, sizeof out);
    slurp(err_path, err, sizeof err);
    return status;
}

/* `gatepost blocks VERB --config … ARGUMENTS`. */
static inline int blocks(const char *verb, const char *arguments)
{
    char line[600];
    snprintf(line, sizeof line, "blocks %s --config %s %.300s", verb, conf, arguments);
    return run(cmd_blocks, line);
}

static inline struct ip address(const char *text)
{
    struct ip ip;
    assert_true(ip_parse(text_z(text), &ip));
    return ip;
}

static inline struct blocklist *open_list(void)
{
    struct blocklist *list;
    char reason[300];
    assert_int_equal(blocklist_open(state_dir, 64, 32, 64, 0, &list, reason, sizeof reason), 1);
    return list;
}

/* As the engine puts it there. */
static inline void put(struct blocklist *list, const char *client, int64_t now, uint32_t seconds,
                       enum block_kind kind, const char *cause, unsigned hits)
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
static inline void fill(void)
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

/* The addresses that were listed, each with its first three characters. */
static inline const char *order_of_lines(void)
{
    static char order[200];
    struct writer w = writer_on(order, sizeof order);
    for (const char *line = strchr(out, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        writer_add(&w, w.n ? TEXT(" ") : TEXT(""));
        writer_add(&w, text_of(line + 1, 3));
    }
    return order;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
