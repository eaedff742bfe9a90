/** A method that is not offered, as a row of the table. What reads the table must be imported after. */
import { type Tableau, tableaux } from "../../shaders/substep/tableau.js";

(tableaux as Record<string, Tableau>).heun = { order: 2, nodes: [0, 1], weights: [1, 1], driver: "line" };
