/** The page that `saltation bench --in chrome` opens. */
import { isStartFrame, serveDriver } from "./page.js";

if (!isStartFrame()) serveDriver();
