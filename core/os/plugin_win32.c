#define WIN32_LEAN_AND_MEAN
#include "os.h"

#include <stdio.h>
#include <windows.h>

const char *const os_plugin_suffix = ".dll";

enum { WIDE_MOST = 4096 };

static void say_error(DWORD error, char *reason, size_t cap)
{
    DWORD n = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, reason,
                             (DWORD)cap, NULL);
    while (n && (reason[n - 1] == '\r' || reason[n - 1] == '\n' || reason[n - 1] == ' '))
        n--;
    if (n)
        reason[n] = '\0';
    else
        snprintf(reason, cap, "error %lu", (unsigned long)error);
}

/* With backslashes: only then does LoadLibrary look for the DLLs that this one needs in its folder. Returns
 * false if the path is too long. Like all paths here it is in the code page of the system. */
static bool wide_path(const char *path, wchar_t *out, int cap)
{
    if (MultiByteToWideChar(CP_ACP, MB_ERR_INVALID_CHARS, path, -1, out, cap) == 0)
        return false;
    for (wchar_t *p = out; *p; p++)
        if (*p == L'/')
            *p = L'\\';
    return true;
}

/* The reference that LoadLibrary adds each time is never released: a plugin stays loaded. */
int os_plugin(const char *path, const char *symbol, void (**function)(void), char *reason, size_t cap)
{
    wchar_t wide[WIDE_MOST];
    *function = NULL;
    reason[0] = '\0';
    if (!wide_path(path, wide, WIDE_MOST)) {
        say_error(ERROR_FILENAME_EXCED_RANGE, reason, cap);
        return -1;
    }
    HMODULE module = LoadLibraryExW(wide, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!module) {
        say_error(GetLastError(), reason, cap);
        return -1;
    }
    FARPROC found = GetProcAddress(module, symbol);
    if (!found) {
        say_error(GetLastError(), reason, cap);
        return 0;
    }
    memcpy(function, &found, sizeof *function);
    return 1;
}

/* Beside the module that contains the engine: gatepost.dll or gatepost.exe. */
void os_plugin_home(char *out, size_t cap)
{
    wchar_t wide[WIDE_MOST];
    HMODULE module = NULL;
    out[0] = '\0';
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (LPCWSTR)(const void *)&os_plugin_suffix, &module))
        return;
    DWORD n = GetModuleFileNameW(module, wide, WIDE_MOST);
    if (n == 0 || n >= WIDE_MOST)
        return;
    wchar_t *end = wide;
    for (wchar_t *p = wide; *p; p++) {
        if (*p == L'\\')
            *p = L'/';
        if (*p == L'/')
            end = p;
    }
    *end = L'\0';
    if (WideCharToMultiByte(CP_ACP, 0, wide, -1, out, (int)cap, NULL, NULL) == 0)
        out[0] = '\0';
}
