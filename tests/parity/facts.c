/*
 * facts.c - a check for the parity test: facts(FILE, WORD) writes the facts of this operation, as the engine
 * has read them, to FILE, a line each. It never holds. WORD names the rule that uses it. The line has tabs
 * between
 *
 *     the client's address, WORD, and in hexadecimal digits the subject (HELO name, sender, recipient, field
 *     name), the value of the field, and the text that a pattern sees
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/gatepost.h"

struct target {
    char path[256];
    char word[32];
};

static void argument_copy(char *to, size_t cap, const struct gp_argument *from)
{
    snprintf(to, cap, "%.*s", (int)from->size, from->text);
}

static int facts_compile(const struct gp_check_host *host, const struct gp_argument *args, size_t n,
                         void **data, struct gp_check_error *error)
{
    struct target *t = calloc(1, sizeof *t);
    (void)host;
    if (n != 2 || !t) {
        snprintf(error->message, sizeof error->message, "facts(FILE, WORD)");
        free(t);
        return -1;
    }
    argument_copy(t->path, sizeof t->path, &args[0]);
    argument_copy(t->word, sizeof t->word, &args[1]);
    *data = t;
    return 0;
}

static char *add_hex(char *to, const char *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    *to++ = '\t';
    for (size_t i = 0; i < n; i++) {
        *to++ = digits[(unsigned char)p[i] >> 4];
        *to++ = digits[(unsigned char)p[i] & 15];
    }
    return to;
}

static int facts_match(void *data, const struct gp_facts *f, const char *text, size_t n)
{
    const struct target *t = data;
    const char *p = f->helo;
    size_t size = f->helo_size;
    if (f->operation == GP_AT_MAIL) {
        p = f->sender;
        size = f->sender_size;
    } else if (f->operation == GP_AT_RCPT) {
        p = f->recipient;
        size = f->recipient_size;
    } else if (f->operation == GP_AT_HEADER) {
        p = f->field;
        size = f->field_size;
    }
    const size_t value_size = f->operation == GP_AT_HEADER ? f->value_size : 0;
    char *line = malloc(f->address_size + 2 * (size + value_size + n) + 64);
    if (!line)
        return 0;
    char *end = line + sprintf(line, "%.*s\t%s", (int)f->address_size, f->address, t->word);
    end = add_hex(end, p, size);
    end = add_hex(end, f->value, value_size);
    end = add_hex(end, text, n);
    *end++ = '\n';
    int fd = open(t->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0) {
        if (write(fd, line, (size_t)(end - line)) < 0)
            snprintf(f->why, f->why_size, "cannot write");
        close(fd);
    }
    free(line);
    return 0;
}

GP_EXPORT const struct gp_check *const *gatepost_checks(uint32_t major)
{
    static const struct gp_check facts = {.size = sizeof facts,
                                          .operations = GP_AT_ALL,
                                          .name = "facts",
                                          .usage = "facts(FILE, WORD)",
                                          .compile = facts_compile,
                                          .match = facts_match,
                                          .free = free};
    static const struct gp_check *const checks[] = {&facts, NULL};
    return major == GP_CHECK_MAJOR ? checks : NULL;
}
