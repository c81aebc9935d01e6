#include "summary.h"

#include <stdlib.h>

#include "tools/lib/json.h"
#include "tools/lib/output.h"
#include "core/rules/action.h"
#include "core/rules/operation.h"

static struct summary_row *summary_row(struct summary *t, const char *cause, unsigned action)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].action == action && strcmp(t->rows[i].cause, cause) == 0)
            return &t->rows[i];
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        struct summary_row *rows = realloc(t->rows, cap * sizeof *rows);
        if (!rows)
            return NULL;
        t->rows = rows;
        t->cap = cap;
    }
    size_t size = strlen(cause) + 1;
    char *copy = malloc(size);
    if (!copy)
        return NULL;
    memcpy(copy, cause, size);
    t->rows[t->n] = (struct summary_row){.cause = copy, .action = action};
    return &t->rows[t->n++];
}

unsigned summary_label(struct text label)
{
    return text_eq(label, TEXT("spam"))  ? SUMMARY_SPAM
           : text_eq(label, TEXT("ham")) ? SUMMARY_HAM
                                         : SUMMARY_OTHER;
}

bool summary_add(struct summary *t, struct text label, const struct outcome *outcome, uint64_t messages,
                 uint32_t *row)
{
    bool pass = outcome->action == GP_PASS;
    struct summary_row *found =
        summary_row(t, pass || !outcome->cause[0] ? "-" : outcome->cause, outcome->action);
    if (!found)
        return false;
    found->count[summary_label(label)]++;
    t->messages += messages;
    if (row)
        *row = (uint32_t)(found - t->rows);
    return true;
}

/* The number after the last colon: rules are sorted by line number, not by its digits. */
static size_t split_cause(const char *cause, unsigned long *line)
{
    const char *colon = strrchr(cause, ':');
    *line = colon ? strtoul(colon + 1, NULL, 10) : 0;
    return colon ? (size_t)(colon - cause) : strlen(cause);
}

static int compare_rows(const void *a, const void *b)
{
    const struct summary_row *left = a;
    const struct summary_row *right = b;
    unsigned long left_line;
    unsigned long right_line;
    size_t left_size = split_cause(left->cause, &left_line);
    size_t right_size = split_cause(right->cause, &right_line);
    int order = memcmp(left->cause, right->cause, left_size < right_size ? left_size : right_size);
    if (order == 0 && left_size != right_size)
        order = left_size < right_size ? -1 : 1;
    if (order == 0 && left_line != right_line)
        order = left_line < right_line ? -1 : 1;
    return order ? order : (int)left->action - (int)right->action;
}

void summary_json_labels(struct json *j, const uint64_t count[SUMMARY_LABELS])
{
    json_number(j, "spam", count[SUMMARY_SPAM]);
    json_number(j, "ham", count[SUMMARY_HAM]);
    json_number(j, "unlabelled", count[SUMMARY_OTHER]);
}

/* Sorts the rows, and adds them up. */
static void sum_up(struct summary *t, uint64_t all[SUMMARY_LABELS])
{
    if (t->n)
        qsort(t->rows, t->n, sizeof *t->rows, compare_rows);
    for (size_t i = 0; i < t->n; i++)
        for (unsigned k = 0; k < SUMMARY_LABELS; k++)
            all[k] += t->rows[i].count[k];
}

void summary_json(struct summary *t, struct json *j, const char *name)
{
    uint64_t all[SUMMARY_LABELS] = {0};
    sum_up(t, all);
    json_object(j, name);
    json_number(j, "sessions", all[SUMMARY_SPAM] + all[SUMMARY_HAM] + all[SUMMARY_OTHER]);
    json_number(j, "messages", t->messages);
    summary_json_labels(j, all);
    json_array(j, "causes");
    for (size_t i = 0; i < t->n; i++) {
        json_object(j, NULL);
        json_text(j, "cause", text_z(t->rows[i].cause));
        json_text(j, "action", text_z(action_verdict_name(t->rows[i].action)));
        summary_json_labels(j, t->rows[i].count);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static void print_row(FILE *out, int width, const char *cause, const char *action,
                      const uint64_t count[SUMMARY_LABELS])
{
    output_printf(out, "%-*s  %-6s  %8llu  %8llu  %8llu\n", width, cause, action,
                  (unsigned long long)count[SUMMARY_SPAM], (unsigned long long)count[SUMMARY_HAM],
                  (unsigned long long)count[SUMMARY_OTHER]);
}

void summary_print(struct summary *t, FILE *out, bool json)
{
    uint64_t all[SUMMARY_LABELS] = {0};
    int width = 12;
    if (json) {
        struct json j = json_on(out);
        summary_json(t, &j, NULL);
        return;
    }
    sum_up(t, all);
    for (size_t i = 0; i < t->n; i++) {
        size_t size = strlen(t->rows[i].cause);
        if (size > (size_t)width && size < 80)
            width = (int)size;
    }
    output_printf(out, "%-*s  %-6s  %8s  %8s  %8s\n", width, "CAUSE", "ACTION", "SPAM", "HAM", "NO-LABEL");
    for (size_t i = 0; i < t->n; i++)
        print_row(out, width, t->rows[i].cause, action_verdict_name(t->rows[i].action), t->rows[i].count);
    print_row(out, width, "all", "-", all);
}

void summary_fini(struct summary *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->rows[i].cause);
    free(t->rows);
    *t = (struct summary){0};
}
