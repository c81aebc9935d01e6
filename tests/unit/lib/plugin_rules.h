/*
 * plugin_rules.h - rules with the checks of fake_checks.h, and what each of them does.
 */
#ifndef GATEPOST_TEST_PLUGIN_RULES_H
#define GATEPOST_TEST_PLUGIN_RULES_H

#include "core/rules/plugin_checks.h"
#include "core/config/config.h"
#include "core/rules/evaluate.h"
#include "core/rules/image.h"
#include "fake_checks.h"
#include "temp_folder.h"

static inline plugin_list read_fake(void *context, const char *path, struct file_id *id, char *reason,
                                    size_t cap)
{
    (void)context, (void)path, (void)cap;
    *id = (struct file_id){.inode = 7};
    reason[0] = '\0';
    return fake_checks;
}

static inline int read_conf(void *context, const char *path, char **bytes, size_t *size, struct file_id *id)
{
    (void)path;
    *size = strlen(context);
    *bytes = malloc(*size + 1);
    assert_non_null(*bytes);
    memcpy(*bytes, context, *size);
    *id = (struct file_id){.inode = 1};
    return 0;
}

/* Rules and what their checks were compiled to; `block` is NULL if there is an error. */
struct loaded {
    struct block *block;
    struct plugin_checks *checks;
};

static inline struct loaded load(const char *rules)
{
    struct config_reader reader = {.context = (void *)(uintptr_t)rules, .read = read_conf, .plugin = read_fake};
    struct report report = {0};
    struct loaded l;
    l.block = config_load("/etc/gatepost.conf", &reader, 0, &report, NULL, &l.checks);
    return l;
}

static inline void unload(struct loaded *l)
{
    block_unref(&l->block);
    plugin_checks_unref(&l->checks);
}

static inline plugin_list open_fake(const char *path, char *reason, size_t cap)
{
    (void)cap;
    reason[0] = '\0';
    return strstr(path, "checks/words") ? fake_checks : NULL;
}

static inline plugin_list open_none(const char *path, char *reason, size_t cap)
{
    (void)path;
    snprintf(reason, cap, "gone");
    return NULL;
}

static const char rules[] = "load \"checks/words\"\n"
                            "helo, word(\"zombie\"), fail\n"
                            "helo, not word(\"example\"), fail\n"
                            "helo, word(\"zombie\"), log\n"
                            "connect, from-203, close\n"
                            "helo, word(\"dunno\"), fail\n"
                            "helo, not word(\"dunno\"), fail\n";

/* What each rule does for a client that says EHLO zombie: t triggers, - does not. */
static inline const char *triggered(const struct loaded *l)
{
    static char out[20];
    const struct block *r = l->block;
    struct facts facts = {.client_known = true, .rules = r, .plugins = l->checks};
    assert_true(ip_parse(TEXT("203.0.113.9"), &facts.client));
    uint32_t n = block_rule_count(r);
    for (uint32_t i = 0; i < n; i++) {
        const struct rule *rule = block_rule(r, i);
        assert_non_null(rule);
        out[i] = evaluate_triggers(rule, evaluate_rule(r, rule, &facts, TEXT("EHLO zombie"), NULL)) ? 't' : '-';
    }
    out[n] = '\0';
    return out;
}

#endif
