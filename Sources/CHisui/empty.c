#include "CHisui.h"
