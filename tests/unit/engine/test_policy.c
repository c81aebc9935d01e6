/* Tables under a policy: opened at first need, shared between policies, kept when their file breaks. */
#include "tests/unit/lib/doorway.h"

#include "core/engine/policy.h"
#include "core/config/config.h"

struct place {
    struct doorway d; /* for its folder and its way to make tables */
    struct keeping keeping;
    struct late_log log;
    char dir[200];
};

static void keep_line(void *context, enum gp_log_level level, const char *line)
{
    struct place *p = context;
    late_log_add(&p->log, level, line);
}

static void place_make(struct place *p, bool with_state)
{
    memset(p, 0, sizeof *p);
    doorway_make(&p->d);
    snprintf(p->dir, sizeof p->dir, "%s", temp_path(&p->d.folder, "state"));
    p->keeping.mutex = os_mutex_new();
    p->keeping.dir = with_state ? p->dir : NULL;
    p->keeping.line = keep_line;
    p->keeping.line_context = p;
}

static void place_remove(struct place *p)
{
    os_mutex_free(p->keeping.mutex);
    doorway_close(&p->d);
}

static struct policy *policy_of(struct place *p, const char *rules, struct policy *before)
{
    struct report report = {0};
    temp_text(&p->d.folder, "gatepost.conf", rules);
    struct block *r = config_load(temp_path(&p->d.folder, "gatepost.conf"), NULL, 0, &report, NULL, NULL);
    assert_non_null(r);
    struct policy *policy = policy_new(&p->keeping, r, NULL, before);
    assert_non_null(policy);
    return policy;
}

static int slot_state(struct policy *policy, unsigned slot)
{
    struct table *t;
    int state = policy_table(policy, slot, &t);
    assert_int_equal(t != NULL, state == 1);
    return state;
}

static void tables__each_slot__is_there_or_not_or_should_be(void **state)
{
    struct place p;
    (void)state;
    place_make(&p, false);
    doorway_table(&p.d, "there.cdb", "192.0.2.1 all\n");
    struct policy *policy = policy_of(&p,
                                      "exempt-table = there.cdb\ntrap-table = gone.cdb\ntable x = there.cdb\n"
                                      "mail, in(x), log\n",
                                      NULL);
    assert_int_equal(slot_state(policy, TABLE_EXEMPT), 1);
    assert_int_equal(slot_state(policy, TABLE_BLOCK), 0); /* nobody named one */
    assert_int_equal(p.log.n, 0);
    assert_int_equal(slot_state(policy, TABLE_TRAP), -1);
    assert_non_null(strstr(p.log.lines, "gone.cdb: "));
    const size_t said = p.log.n;
    assert_int_equal(slot_state(policy, TABLE_TRAP), -1);
    assert_int_equal(p.log.n, said);
    assert_int_equal(slot_state(policy, TABLE_NAMED), 1);
    assert_int_equal(slot_state(policy, TABLE_NAMED + 1), 0);
    assert_int_equal(slot_state(policy, TABLE_MOST), -1);
    assert_int_equal(slot_state(policy, UINT32_MAX), -1);
    policy_unref(&policy);
    policy_unref(&policy);
    place_remove(&p);
}

static void tables__unchanged__are_shared_by_the_next_policy(void **state)
{
    struct place p;
    struct table *a, *b, *c;
    (void)state;
    place_make(&p, false);
    doorway_table(&p.d, "one.cdb", "192.0.2.1 all\n");
    doorway_table(&p.d, "two.cdb", "192.0.2.2 all\n");
    struct policy *first = policy_of(&p, "exempt-table = one.cdb\n", NULL);
    assert_int_equal(policy_table(first, TABLE_EXEMPT, &a), 1);
    struct policy *second = policy_of(&p, "# more\nexempt-table = one.cdb\n", first);
    assert_int_equal(policy_table(second, TABLE_EXEMPT, &b), 1);
    assert_ptr_equal(a, b);
    policy_unref(&first);
    assert_int_equal(table_count(b), 1);
    struct policy *third = policy_of(&p, "exempt-table = two.cdb\n", second);
    assert_int_equal(policy_table(third, TABLE_EXEMPT, &c), 1);
    assert_ptr_not_equal(b, c);
    policy_unref(&third);
    policy_unref(&second);
    place_remove(&p);
}

static void tables__changed__only_those_opened_count(void **state)
{
    struct place p;
    struct table *before, *after;
    (void)state;
    place_make(&p, false);
    doorway_table(&p.d, "exempt.cdb", "192.0.2.1 all\n");
    struct policy *policy = policy_of(&p, "# none\n", NULL);
    assert_false(policy_tables_changed(policy));
    doorway_table(&p.d, "exempt.cdb", "192.0.2.2 all\n");
    assert_false(policy_tables_changed(policy)); /* not opened yet */
    assert_int_equal(policy_table(policy, TABLE_EXEMPT, &before), 1);
    assert_false(policy_tables_changed(policy));
    doorway_table(&p.d, "exempt.cdb", "192.0.2.3 all\n192.0.2.4 all\n");
    assert_true(policy_tables_changed(policy));
    struct block *rules = block_ref((struct block *)(uintptr_t)policy_rules(policy));
    struct policy *fresh = policy_new(&p.keeping, rules, NULL, policy);
    policy_renew_tables(fresh, policy, &p.log);
    assert_false(policy_tables_changed(fresh));
    assert_int_equal(policy_table(fresh, TABLE_EXEMPT, &after), 1);
    assert_int_equal(table_count(after), 2);
    /* A holder of the old policy holds the old table. */
    assert_int_equal(table_count(before), 1);
    policy_unref(&policy);
    policy_unref(&fresh);
    place_remove(&p);
}

static void copies__of_good_tables__are_made_once_and_taken_when_the_file_is_bad(void **state)
{
    struct place p;
    struct table *t;
    struct file_id first, second;
    char name[100], copy[400];
    (void)state;
    place_make(&p, true);
    doorway_table(&p.d, "exempt.cdb", "192.0.2.1 all\n");
    for (int i = 0; i < 2; i++) {
        struct policy *policy = policy_of(&p, "# none\n", NULL);
        assert_int_equal(policy_table(policy, TABLE_EXEMPT, &t), 1);
        policy_unref(&policy);
        assert_int_equal(folder_count(p.dir, "table-", name, sizeof name), 1);
        snprintf(copy, sizeof copy, "%s/%s", p.dir, name);
        assert_int_equal(os_file_id(copy, i ? &second : &first), 0);
    }
    assert_true(file_id_eq(&first, &second));
    temp_text(&p.d.folder, "exempt.cdb", "no table");
    struct policy *policy = policy_of(&p, "# none\n", NULL);
    assert_int_equal(policy_table(policy, TABLE_EXEMPT, &t), 1);
    assert_int_equal(table_count(t), 1);
    assert_non_null(strstr(p.log.lines, "; the last good one stays in use"));
    policy_unref(&policy);
    /* A copy that is broken too is of no use. */
    FILE *file = fopen(copy, "wb");
    assert_non_null(file);
    fclose(file);
    policy = policy_of(&p, "# none\n", NULL);
    assert_int_equal(policy_table(policy, TABLE_EXEMPT, &t), -1);
    policy_unref(&policy);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables__each_slot__is_there_or_not_or_should_be),
        cmocka_unit_test(tables__unchanged__are_shared_by_the_next_policy),
        cmocka_unit_test(tables__changed__only_those_opened_count),
        cmocka_unit_test(copies__of_good_tables__are_made_once_and_taken_when_the_file_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
