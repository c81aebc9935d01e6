/*
 * case_folder.h - a temporary folder that each case of a test gets anew: `folder`, with setup and teardown for
 * cmocka_unit_test_setup_teardown().
 */
#ifndef GATEPOST_TEST_CASE_FOLDER_H
#define GATEPOST_TEST_CASE_FOLDER_H

#include "temp_folder.h"

static struct temp_folder folder;

static int setup(void **state)
{
    (void)state;
    temp_make(&folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_remove(&folder);
    return 0;
}

#endif
