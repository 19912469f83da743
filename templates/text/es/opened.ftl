# La hoja «quién abrió mi expediente», que se entrega al paciente. Palabras sencillas.
opened-title = Quién abrió su expediente
opened-lead = Nuestro sistema anota cada vez que alguien abre o cambia algo sobre usted, antes de permitírselo. Esta lista sale de esas anotaciones.
opened-for = Para (nombre)
opened-record = Número del expediente
opened-covers = Periodo
opened-made = Impreso
opened-period-all = Todo desde que existe el expediente
opened-period-from = Desde: { $from }
opened-period-until = Hasta: { $until }
opened-period = Desde: { $from }. Hasta: { $until }
opened-zone = Las horas son las de { $zone }.
opened-when = Cuándo
opened-who = Quién
opened-what = Qué hizo
opened-nobody = Nadie abrió su expediente en este periodo.
opened-times = de { $first } a { $last }
opened-often = { $act }, { $times } veces
opened-refused = Lo intentó y no se le permitió: { $act }
opened-by-itself = { $count ->
    [one] Además, el sistema hizo un paso por sí solo, como enviar un correo o un recordatorio.
   *[other] Además, el sistema hizo { $count } pasos por sí solo, como enviar correos y recordatorios.
}
opened-altered = { $count ->
    [one] Una anotación no está como se escribió y no puede mostrarse aquí. Pregunte a la clínica qué se averiguó sobre ella.
   *[other] { $count } anotaciones no están como se escribieron y no pueden mostrarse aquí. Pregunte a la clínica qué se averiguó sobre ellas.
}
opened-cut = Hay más de lo que cabe en esta lista. Pida un periodo anterior para ver el resto.
opened-limits = La lista muestra qué cuenta se usó. No puede mostrar quién estaba sentado ante la computadora, ni quién vio una pantalla o una hoja impresa. Lo que se dice y se ve en una consulta por video no se guarda.
opened-questions = Si algo de esto le sorprende, díganoslo, por favor. No recibirá peor trato por preguntar. Llame al

opened-who-link = Alguien con el enlace de su consulta (usted, o quien lo tuviera)
opened-who-nobody = Alguien que no había iniciado sesión
opened-who-unknown = Una cuenta que ya no existe
opened-who-staff = { $name }, { $role }
opened-role-scheduler = recepción
opened-role-clinician = personal clínico
opened-role-compliance = privacidad y cumplimiento
opened-role-administrator = administración del sistema
opened-role-other = personal

opened-act-details-read = Abrió sus datos, como su nombre, fecha de nacimiento y contacto
opened-act-details-added = Le registró como paciente
opened-act-details-changed = Cambió sus datos
opened-act-searched = Le encontró en una búsqueda
opened-act-visit-booked = Reservó una cita para usted
opened-act-visit-moved = Cambió de hora una cita suya
opened-act-visit-cancelled = Canceló una cita suya
opened-act-visit-read = Abrió una cita suya
opened-act-listed = Le vio en una lista de citas
opened-act-note-read = Abrió las notas de una consulta
opened-act-note-written = Escribió las notas de una consulta
opened-act-link-used = Usó el enlace de una consulta
opened-act-link-sent = Creó, envió o anuló el enlace de una consulta
opened-act-waited = Entró en la sala de espera o salió de ella
opened-act-visit-led = Le atendió en la sala de espera o en una consulta
opened-act-device = Pasó una consulta a otro dispositivo
opened-act-call = Participó en una consulta por video
opened-act-log-read = Miró quién abrió su expediente
opened-act-marked = Decidió si se revisa cada vez que alguien abre su expediente
opened-act-emergency = Abrió su expediente en una emergencia, sin tener una consulta con usted
opened-act-other = Hizo otra cosa con su expediente
