/* table_helper.h - tables made from text in a folder of the test's own. */
#ifndef GATEPOST_TABLE_HELPER_H
#define GATEPOST_TABLE_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/os/os.h"
#include "system.h"
#include "tools/tables/table_make.h"

static char folder[200], in_path[256], out_path[256];

static int enter_folder(void **state)
{
    (void)state;
    folder_make_own(folder, sizeof folder);
    snprintf(in_path, sizeof in_path, "%s/in.txt", folder);
    snprintf(out_path, sizeof out_path, "%s/out.cdb", folder);
    return 0;
}

/* Fails if the tests left anything but their two files behind. */
static int leave_folder(void **state)
{
    (void)state;
    os_remove(in_path);
    os_remove(out_path);
    return folder_remove(folder) ? 0 : -1;
}

static void write_file(const char *path, struct text bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    assert_int_equal(fclose(f), 0);
}

/* What was reported: "line:column: message" each on a line. */
static char problems[4000];

static void take_problem(void *context, const struct error *e, bool warning, struct text source)
{
    size_t used = strlen(problems);
    (void)context;
    (void)warning;
    (void)source;
    snprintf(problems + used, sizeof problems - used, "%u:%u: %s\n", e->line, e->column, e->message);
}

static struct table_job job;

static inline int make_table(enum table_source source, enum table_kind kind, struct text text)
{
    struct report report = {.problem = take_problem};
    problems[0] = '\0';
    write_file(in_path, text);
    job = (struct table_job){.source = source, .kind = kind, .in = in_path, .out = out_path, .report = &report};
    return table_make(&job);
}

static inline struct table *open_made(void)
{
    struct table *t;
    char reason[200] = "";
    if (table_open(out_path, &t, reason, sizeof reason) != 0)
        fail_msg("%s", reason);
    return t;
}

#endif
